/**
 * What the first process of a namespace does, as root in there, before a command of the image is run. Where it starts lie `lower` (the image's
 * tree) and the folder of this run, with `upper` and `work` (for what the command changes) and `tools` (empty). Nothing of the host stays in
 * reach but its system folders, which hold the programs that lead into the image; nobody in there can write to them. Paths are relative, and
 * `cd -P` and `mount -c` leave them so: the folders around are closed to the users in here.
 *
 * $1: the run's folder. $2: a line for binfmt_misc's `register`, or nothing. The rest: the command, which leads into /image.
 * File 3 hears "ready", then "status N".
 */
export const namespaceScript = String.raw`
set -eu
run=$1
emulator=$2
shift 2
ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || echo "no-loopback" >&3
mount -n -c -t tmpfs -o mode=755 tools "$run/tools"
cd -P "$run/tools"
mkdir dev image old proc
: > dev/null
mount -n -c --bind /dev/null dev/null
for folder in bin sbin lib lib32 lib64 libx32 usr; do
  if [ -L "/$folder" ]; then ln -s "$(readlink "/$folder")" "$folder"
  elif [ -d "/$folder" ]; then mkdir "$folder"; mount -n -c --rbind "/$folder" "$folder"; fi
done
cd -P ../..
mount -n -c -t overlay -o lowerdir=lower,upperdir="$run/upper",workdir="$run/work",userxattr overlay "$run/tools/image" 2>/dev/null ||
  mount -n -c -t overlay -o lowerdir=lower,upperdir="$run/upper",workdir="$run/work" overlay "$run/tools/image" 2>/dev/null ||
  { mount -n -c --bind lower "$run/tools/image"; echo "no-overlay" >&3; }
cd -P "$run/tools"
for folder in proc sys dev; do
  if [ -L "image/$folder" ]; then echo "/$folder of the image is a link" >&2; exit 1; fi
  [ -d "image/$folder" ] || mkdir "image/$folder"
done
mount -n -c -t proc -o nosuid,nodev,noexec proc proc
mount -n -c -t proc -o nosuid,nodev,noexec proc image/proc
mount -n -c -t sysfs -o ro,nosuid,nodev,noexec sysfs image/sys 2>/dev/null || :
mount -n -c -t tmpfs -o mode=755,nosuid dev image/dev
for device in null zero full random urandom tty; do
  : > "image/dev/$device"
  mount -n -c --bind "/dev/$device" "image/dev/$device"
done
ln -s /proc/self/fd image/dev/fd
ln -s /proc/self/fd/0 image/dev/stdin
ln -s /proc/self/fd/1 image/dev/stdout
ln -s /proc/self/fd/2 image/dev/stderr
mkdir image/dev/shm image/dev/pts
mount -n -c -t tmpfs -o mode=1777,nosuid,nodev shm image/dev/shm
mount -n -c -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts image/dev/pts 2>/dev/null || :
ln -s pts/ptmx image/dev/ptmx
if [ -n "$emulator" ]; then
  mount -n -c -t binfmt_misc binfmt_misc proc/sys/fs/binfmt_misc
  printf %s "$emulator" > proc/sys/fs/binfmt_misc/register
fi
pivot_root . old
cd /
umount -n -l /old
echo ready >&3
set +e
"$@" </dev/null 3>&- &
wait $!
echo "status $?" >&3
`;
