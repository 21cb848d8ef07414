# Plants many files that are named as the temporary files of a destination.

import os, sys
place, name, count = sys.argv[1:]
os.chdir(place)
for index in range(int(count)):
    os.close(os.open(f"{name}{index:016x}", os.O_CREAT | os.O_WRONLY, 0o600))
print("planted", flush=True)
