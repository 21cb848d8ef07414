# Swaps a directory and a symlink as fast as it can, and leaves them as they were.

directory, link = sys.argv[1:]
swaps = 0
while goes_on():
    swaps += swap(directory, link)
    if swaps % 1000 == 1:
        print("swaps", swaps, flush=True)
if os.path.islink(directory):
    swap(directory, link)
print("ended", flush=True)
