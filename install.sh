#!/bin/sh
# Puts ddiff on the PATH: the standalone file where there is one, else this checkout with the Node that npm brought.
# Downloads nothing. Running it again changes nothing; --uninstall takes everything back.
set -eu

usage() {
  cat <<'TEXT'
Usage: ./install.sh [--prefix DIR] [--no-path] [FILE]
       ./install.sh --uninstall [--prefix DIR]

Installs DIR/bin/ddiff and the completions of bash, zsh and fish.
DIR is /usr/local for root and ~/.local for everyone else.

FILE is the standalone executable (ddiff-linux-x64). When not said, the one beside
this script or in dist is taken; where there is none, this checkout as npm built it.

  --prefix DIR   install below DIR
  --no-path      leave the shell's start-up files alone
  --uninstall    remove what this script installed
TEXT
}

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$1" >&2; printf '  hint: %s\n' "$2" >&2; exit "${3:-3}"; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=
file=
touch_path=yes
uninstall=no
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) [ $# -ge 2 ] || fail "--prefix needs a folder" "See ./install.sh --help" 2; prefix=$2; shift ;;
    --prefix=*) prefix=${1#*=} ;;
    --no-path) touch_path=no ;;
    --uninstall) uninstall=yes ;;
    -h | --help) usage; exit 0 ;;
    -*) fail "unknown option $1" "See ./install.sh --help" 2 ;;
    *) [ -z "$file" ] || fail "only one file can be installed" "See ./install.sh --help" 2; file=$1 ;;
  esac
  shift
done

if [ -z "$prefix" ]; then
  if [ "$(id -u)" = 0 ]; then prefix=/usr/local
  elif [ -n "${HOME:-}" ]; then prefix=$HOME/.local
  else fail "HOME is not set" "Name a folder with --prefix."; fi
fi
case $prefix in /*) ;; *) prefix=$(pwd)/$prefix ;; esac

bin=$prefix/bin/ddiff
bash_file=$prefix/share/bash-completion/completions/ddiff
zsh_file=$prefix/share/zsh/site-functions/_ddiff
fish_file=$prefix/share/fish/vendor_completions.d/ddiff.fish
# The line in start-up files carries this, so that it is found again.
mark='# added by ddiff install.sh'

startup_files() {
  [ -n "${HOME:-}" ] || return 0
  for name in .profile .bash_profile .bashrc .zshrc; do printf '%s\n' "$HOME/$name"; done
}

remove_path_line_of() {
  { [ -f "$1" ] && grep -qF "$mark" "$1"; } || return 0
  # Written through, not replaced: the file may be a link into someone's dotfiles.
  kept=$(grep -vF "$mark" "$1" || :; printf x)
  printf '%s' "${kept%x}" > "$1"
  say "removed the PATH line from $1"
}

remove_path_lines() {
  startup_files | while IFS= read -r start; do remove_path_line_of "$start"; done
}

if [ "$uninstall" = yes ]; then
  for each in "$bin" "$bash_file" "$zsh_file" "$fish_file"; do
    { [ -e "$each" ] || [ -h "$each" ]; } || continue
    rm -f -- "$each"
    say "removed $each"
  done
  remove_path_lines
  exit 0
fi

# A path as one word for sh, whatever is in it.
quote() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

if [ -z "$file" ]; then
  case $(uname -m) in x86_64 | amd64) arch=x64 ;; aarch64 | arm64) arch=arm64 ;; *) arch=none ;; esac
  for each in "$here/ddiff-linux-$arch" "$here/dist/ddiff-linux-$arch"; do
    if [ "$(uname -s)" = Linux ] && [ -f "$each" ]; then file=$each; break; fi
  done
elif [ ! -f "$file" ]; then
  fail "there is no file $file" "Name the standalone executable."
fi

mkdir -p -- "$prefix/bin"
# Aside first, then renamed: a running ddiff keeps its file, and nobody meets half of one.
temporary=$prefix/bin/.ddiff.$$
trap 'rm -f -- "$temporary"' EXIT
trap 'exit 1' HUP INT TERM
if [ -n "$file" ]; then
  cp -- "$file" "$temporary"
  what=$file
elif [ -f "$here/bin/ddiff.js" ] && { [ -f "$here/dist/ddiff.js" ] || [ -d "$here/node_modules/commander" ]; }; then
  {
    say '#!/bin/sh'
    say "# ddiff of a checkout; made by its install.sh"
    say "here=$(quote "$here")"
    say 'for node in "$here"/node_modules/node-*/bin/node; do'
    say '  if [ -x "$node" ]; then exec "$node" "$here/bin/ddiff.js" "$@"; fi'
    say 'done'
    say 'exec node "$here/bin/ddiff.js" "$@"'
  } > "$temporary"
  what=$here
else
  fail "there is no ddiff to install in $here" 'Run "npm ci && npm run build" here first, or name a standalone executable.'
fi
chmod 755 "$temporary"
number=$("$temporary" --version) || fail "$what does not run on this machine" "Take the file for this kind of machine ($(uname -sm))."
mv -f -- "$temporary" "$bin"
say "installed $number: $bin"

install_completion() {
  mkdir -p -- "$(dirname -- "$2")" && "$bin" completion "$1" > "$2.$$" && mv -f -- "$2.$$" "$2"
}
install_completion bash "$bash_file"
install_completion zsh "$zsh_file"
install_completion fish "$fish_file"

case :${PATH:-}: in *:"$prefix/bin":*) exit 0 ;; esac
if [ "$touch_path" = no ] || [ -z "${HOME:-}" ]; then
  say "$prefix/bin is not on the PATH"
  exit 0
fi
line="export PATH=$(quote "$prefix/bin"):\"\$PATH\" $mark"
changed=
# .profile is for login shells; .bash_profile hides it where it exists. .bashrc and .zshrc only where they are in use.
for name in .profile .bash_profile .bashrc .zshrc; do
  start=$HOME/$name
  [ "$name" = .profile ] || [ -f "$start" ] || continue
  if [ -f "$start" ] && grep -qxF -- "$line" "$start"; then continue; fi
  remove_path_line_of "$start" > /dev/null
  # A file may end without a newline.
  if [ -s "$start" ] && [ -n "$(tail -c 1 "$start")" ]; then printf '\n' >> "$start"; fi
  printf '%s\n' "$line" >> "$start"
  changed="$changed $start"
done
[ -z "$changed" ] || say "added $prefix/bin to the PATH in$changed: open a new shell to use it"
