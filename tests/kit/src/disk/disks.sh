# Makes file systems in its mount namespace, then freezes and thaws them as it is told; see disks.rs.
trap '' HUP INT TERM
directory=$1 count=$2 kind=$3
each() { disk=0; while [ "$disk" -lt "$count" ]; do "$@" || return 1; disk=$((disk + 1)); done; }
make() {
    place=$directory/$disk
    mkdir "$place" || return 1
    if [ "$kind" = memory ]; then
        mount -t tmpfs -o size=16m,mode=0755 none "$place"
    else
        truncate -s 8M "$place.image" && mkfs.ext4 -q -F -O ^has_journal "$place.image" &&
            mount -o loop "$place.image" "$place" && rmdir "$place/lost+found"
    fi
}
thaw() { fsfreeze -u "$directory/$disk" 2>/dev/null; true; }
clear() { umount -l "$directory/$disk"; true; }
if each make; then echo ready; else each clear 2>/dev/null; exit 1; fi
while read -r verb disk; do
    if fsfreeze "$verb" "$directory/$disk"; then echo done; else echo failed; fi
done
each thaw
each clear
