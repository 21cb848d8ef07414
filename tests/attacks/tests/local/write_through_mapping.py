# The owner of a file maps it and writes a byte as it is, so that later writes to the page leave no
# trace in the file's times. Waits until another file appears, then forges the content.

import mmap, os, sys, time
file = os.open(sys.argv[1], os.O_RDWR)
mapping = mmap.mmap(file, 0, mmap.MAP_SHARED)
os.close(file)
mapping[0:1] = mapping[0:1]
print("mapped", flush=True)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.01)
mapping[0:6] = b"FORGED"
print("forged", flush=True)
time.sleep(90)
