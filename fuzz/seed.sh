#!/bin/sh
# Gives fuzzers small things that real tools made, since none invents a packed cluster or a filesystem. Run in fuzz/; needs
# qemu-utils, e2fsprogs, dosfstools, xfsprogs.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

corpus=corpus/read_qcow2
mkdir -p $corpus
yes 'all work and no play' | head -c 100000 > "$work/text"
head -c 20000 /dev/urandom >> "$work/text"
for cluster in 512 4k; do
    for packed in '' -c; do
        qemu-img convert $packed -f raw -O qcow2 -o "compression_type=zstd,cluster_size=$cluster" \
            "$work/text" "$corpus/seed-$cluster$packed"
        # The same under a head that the target makes fit.
        { printf '\001'; cat "$corpus/seed-$cluster$packed"; } > "$corpus/seed-headless-$cluster$packed"
    done
done
cp "$work/text" "$work/disk-0.base"
(cd "$work" && qemu-img create -q -f qcow2 -b disk-0.base -F raw -o cluster_size=512 layer)
(cd "$work" && qemu-io -f qcow2 -c 'write -P 7 1k 2k' -c 'write -z 8k 4k' layer > /dev/null)
{ printf '\002'; cat "$work/layer"; } > $corpus/seed-layer

# The first byte is the format, the second says how much larger than its bytes the disk is.
corpus=corpus/allocation
mkdir -p $corpus
filesystem() { # format growth name
    { printf '%b' "$1$2"; head -c 262142 "$work/$3"; } > "$corpus/seed-$3"
}
for kind in ext2 ext4; do
    truncate -s 256K "$work/$kind"
    mkfs.$kind -q -F -b 1024 -O ^has_journal "$work/$kind"
    filesystem '\000' '\000' $kind
done
truncate -s 256K "$work/plain" && mkfs.ext4 -q -F -b 1024 -O ^has_journal,^metadata_csum,^64bit "$work/plain"
filesystem '\000' '\000' plain
truncate -s 512M "$work/xfs" && mkfs.xfs -q --unsupported -d agcount=1 "$work/xfs" 2> /dev/null
filesystem '\001' '\013' xfs
truncate -s 256K "$work/fat" && mkfs.vfat "$work/fat" > /dev/null
filesystem '\002' '\000' fat
truncate -s 256K "$work/swap" && chmod 600 "$work/swap" && mkswap "$work/swap" > /dev/null 2>&1
filesystem '\003' '\000' swap
