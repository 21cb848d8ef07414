# The owner of a destination writes into each temporary file that it may open, as soon as it may.

import os, sys, time
place = sys.argv[1]
deadline = time.monotonic() + 90
forged = 0
seen = set()
while time.monotonic() < deadline:
    for name in os.listdir(place):
        if not name.startswith(".live-data.") or name in seen:
            continue
        try:
            file = os.open(place + "/" + name, os.O_WRONLY | os.O_NOFOLLOW)
        except OSError:
            continue
        seen.add(name)
        os.pwrite(file, b"FORGED", 0)
        os.close(file)
        forged += 1
        print("forged", forged, flush=True)
