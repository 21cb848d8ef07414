# Holds a shared lock on a file of its own.

import fcntl, os, sys, time
file = os.open(sys.argv[1], os.O_RDONLY)
fcntl.flock(file, fcntl.LOCK_SH)
print("locked", flush=True)
time.sleep(90)
