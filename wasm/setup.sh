#!/usr/bin/env bash
# setup.sh: installs what the build needs and the machine lacks; says what it does; does nothing twice.
#
#   wasm/setup.sh           for `make` and `make start`: emcc, SIMDe, the npm packages
#   wasm/setup.sh --test    for `make test`: Chromium too
#
# The one difficult part is Emscripten, of which the engine needs 3.1.60 or newer (relaxed SIMD, and good vector code):
#
#   an emcc >= 3.1.60 is on the PATH       it is used as it is
#   Debian 13 and later                    the distribution's package
#   Debian 12                              its own is 3.1.6.  But Debian 13's is a bundle of scripts and wasm libraries that runs on any machine with LLVM 19, and
#                                          LLVM 19 is in Debian 12 too.  So it is unpacked into a private folder, with Debian 13's Binaryen and the C library
#                                          that this Binaryen needs beside it; LLVM comes from Debian 12.  Nothing of Debian 13 is installed in the system.
#   elsewhere                              the commands that install it are named, and nothing is done
#
# Debian 13's packages come from the mirror that the machine itself uses, with the machine's own key: its apt source is copied into a private apt
# configuration with the release's name changed.  The machine's configuration is read, never written.
#
# The functions are tested one by one by tests/setup.test.mjs, which sources this file: nothing runs then.
set -euo pipefail

TOOLS=${GENPLAY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/genplay}
OS_RELEASE=${GENPLAY_OS_RELEASE:-/etc/os-release}             # these two: for the tests
SYSTEM_SHARE=${GENPLAY_SYSTEM_SHARE:-/usr/share}
EMCC_WANTED=3.1.60
NODE_WANTED=20
SIMDE_HEADER='simde/wasm/simd128.h'

say() { printf 'set-up: %s\n' "$*" >&2; }
fail() { say "$@"; exit 1; }

# version_at_least HAVE WANTED: compares dotted numbers, field by field; a suffix ("-git", "+dfsg-3") does not count.
version_at_least() {
  local have=${1%%[!0-9.]*} wanted=$2 h w i
  [ -n "$have" ] || return 1
  IFS=. read -ra h <<<"$have"
  IFS=. read -ra w <<<"$wanted"
  for i in 0 1 2; do
    if [ "$((10#${h[i]:-0}))" -ne "$((10#${w[i]:-0}))" ]; then
      [ "$((10#${h[i]:-0}))" -gt "$((10#${w[i]:-0}))" ]
      return
    fi
  done
}

# os_field NAME: one field of os-release, without its quotes; nothing where there is none.
os_field() {
  [ -r "$OS_RELEASE" ] || return 0
  sed -n "s/^$1=//p" "$OS_RELEASE" | tr -d '"'"'" | head -n 1
}

# The version of an emcc program ("emcc (Emscripten gcc/clang-like replacement + linker emulating GNU ld) 3.1.69 (...)"), or nothing.
emcc_version() {
  "$1" --version 2>/dev/null | sed -nE '1s/.* ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p' || true
}

# The emcc on the PATH that is not our private one, or nothing.
emcc_of_system() {
  local dir found
  while IFS= read -r -d : dir; do
    found=$dir/emcc
    if [ "$dir" != "$TOOLS/emscripten" ] && [ -x "$found" ]; then echo "$found"; return; fi
  done <<<"$PATH:"
}

# The programs of LLVM that Debian 13's Emscripten calls.
have_llvm() { command -v clang-19 >/dev/null && command -v wasm-ld-19 >/dev/null && command -v llvm-ar-19 >/dev/null; }

# Which case this machine is: private (ours, made by an earlier run), path, debian12, debian13 (and later), other.
emcc_case() {
  local found
  if [ -x "$TOOLS/emscripten/emcc" ] && have_llvm; then echo private; return; fi
  found=$(emcc_of_system)
  if [ -n "$found" ] && version_at_least "$(emcc_version "$found")" "$EMCC_WANTED"; then echo path; return; fi
  if [ "$(os_field ID)" = debian ] && command -v apt-get >/dev/null; then
    local version
    version=$(os_field VERSION_ID)
    case $version in
      12) echo debian12; return ;;
      ''|1[3-9]|[2-9][0-9]) echo debian13; return ;;      # testing and unstable carry no number
    esac
  fi
  echo other
}

# Runs a command as root, through sudo where we are not, and says so.
as_root() {
  if [ "$(id -u)" = 0 ]; then say "running: $*"; "$@"; return; fi
  command -v sudo >/dev/null || fail "this needs root, and there is no sudo. Run as root, then try again: $*"
  say "running with sudo: $*"
  sudo "$@"
}

# apt_install PACKAGE...: one update per run of this script is enough.
apt_install() {
  if [ -z "${APT_UPDATED:-}" ]; then as_root apt-get update -q; APT_UPDATED=1; fi
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"
}

# source_for_suite FILE NUMBER SUITE: an entry of the machine's apt configuration, printed as it is but for the release.  NUMBER is what apt calls the
# entry's place: the paragraph in a .sources file (one that is only comments does not count), the line in a .list file.
source_for_suite() {
  case $1 in
    *.sources)
      awk -v n="$2" -v suite="$3" '
        BEGIN { RS = ""; FS = "\n" }
        {
          entry = ""
          for (i = 1; i <= NF; i++) if ($i !~ /^#/) entry = entry $i "\n"
          if (entry == "" || ++count != n) next
          lines = split(entry, line, "\n")
          for (i = 1; i < lines; i++) {
            if (line[i] !~ /^[ \t]/) skipped = line[i] ~ /^(Suites|Types):/     # a field that we replace, with the lines that continue it
            if (!skipped) print line[i]
          }
          print "Types: deb\nSuites: " suite
        }' "$1" ;;
    *)
      # deb [options] address release components
      sed -n "$2p" "$1" | sed -E "s/^([ \t]*deb[ \t]+(\[[^]]*\][ \t]+)?[^ \t]+[ \t]+)[^ \t]+/\1$3/" ;;
  esac
}

# The apt entry that Debian's main archive comes from on this machine: "FILE NUMBER".
main_source() {
  local entry
  # shellcheck disable=SC2016  # apt's own variable
  entry=$(apt-get indextargets --format '$(SOURCESENTRY)' 'Created-By: Packages' 'Origin: Debian' "Codename: $1" 'Component: main' | head -n 1)
  [ -n "$entry" ] || fail "apt knows no source of Debian $1 (main) on this machine, which Debian 13's packages could come from too."
  echo "${entry%:*} ${entry##*:}"
}

# Downloads packages of another Debian release into the current folder, with lists and caches of its own.
apt_download_from() {
  local suite=$1 file number name
  shift
  mkdir -p apt/sources apt/lists/partial apt/cache/archives/partial
  read -r file number < <(main_source "$(os_field VERSION_CODENAME)")
  case $file in *.sources) name=other.sources ;; *) name=other.list ;; esac
  source_for_suite "$file" "$number" "$suite" >"apt/sources/$name"
  local options=(-q -o APT::Sandbox::User=root -o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$PWD/apt/sources" -o "Dir::State::Lists=$PWD/apt/lists"
    -o "Dir::Cache=$PWD/apt/cache" -o Acquire::Languages=none)
  apt-get "${options[@]}" update >&2
  apt-get "${options[@]}" download "${@/%//$suite}" >&2
}

# Debian 13's Emscripten in $TOOLS/emscripten, complete or not at all.
install_private_emscripten() {
  local home=$TOOLS/emscripten part=$TOOLS/part.$$ lib program deb
  if ! have_llvm || ! command -v python3 >/dev/null; then
    say "installing LLVM 19, which Emscripten compiles with."
    apt_install clang-19 lld-19 llvm-19 python3
  fi
  [ ! -x "$home/emcc" ] || return 0
  say "Debian 12's own emcc is too old. Putting Debian 13's Emscripten and Binaryen into $home (450 MB; 250 MB to download)."
  rm -rf "$part"
  mkdir -p "$part"
  trap 'rm -rf "$TOOLS/part.$$"' EXIT
  (
    cd "$part"
    apt_download_from trixie emscripten node-acorn binaryen libc6 libstdc++6 libgcc-s1
    # The cache of ready-made libraries is 1.6 GB; link-time optimisation and dynamic linking are not for us.
    dpkg-deb --fsys-tarfile emscripten_*.deb | tar -x --exclude='*/wasm32-emscripten/*/*' --exclude='*/share/emscripten/test/*' ./usr/share/emscripten
    mv usr/share/emscripten emscripten
    dpkg-deb --fsys-tarfile node-acorn_*.deb | tar -x ./usr/share/nodejs/acorn
    mkdir emscripten/node_modules
    mv usr/share/nodejs/acorn emscripten/node_modules/acorn
    mkdir binaryen
    for deb in binaryen_*.deb libc6_*.deb libstdc++6_*.deb libgcc-s1_*.deb; do dpkg-deb -x "$deb" binaryen; done

    # Each wasm-* program runs under the C library that came with it, whose folder bears the machine's architecture in its name.
    mkdir -p emscripten/binaryen/bin emscripten/binaryen/real
    mv binaryen/usr/bin/wasm* emscripten/binaryen/real/
    lib=$(dirname "$(find binaryen/usr/lib -path '*-linux-gnu/ld-linux*' | head -n 1)")
    mv "$lib" emscripten/binaryen/lib
    for program in emscripten/binaryen/real/wasm*; do
      program=${program##*/}
      printf '#!/bin/sh\nexec "%s" --library-path "%s" "%s" "$@"\n' \
        "$home/binaryen/lib/$(basename emscripten/binaryen/lib/ld-linux*)" "$home/binaryen/lib" "$home/binaryen/real/$program" \
        >"emscripten/binaryen/bin/$program"
      chmod +x "emscripten/binaryen/bin/$program"
    done

    cat >emscripten/.emscripten <<-END
	LLVM_ROOT = '$(dirname "$(command -v clang-19)")'
	LLVM_ADD_VERSION = '19'
	CLANG_ADD_VERSION = '19'
	BINARYEN_ROOT = '$home/binaryen'
	FROZEN_CACHE = True
	END
  )
  rm -rf "$home"
  mv "$part/emscripten" "$home"
  rm -rf "$part"
  "$home/emcc" --version >/dev/null || fail "emcc does not run; remove $home and try again."
}

# Debian's emcc finds acorn, which -O needs, beside Debian's own Node; another Node looks for it beside emcc.
link_acorn() {
  local emscripten=$SYSTEM_SHARE/emscripten acorn=$SYSTEM_SHARE/nodejs/acorn
  [ -d "$emscripten" ] && [ -d "$acorn" ] && [ ! -e "$emscripten/node_modules/acorn" ] || return 0
  (cd "$emscripten" && node -e 'require.resolve("acorn")' >/dev/null 2>&1) && return
  say "showing Debian's Emscripten where acorn is."
  as_root mkdir -p "$emscripten/node_modules"
  as_root ln -s "$acorn" "$emscripten/node_modules/acorn"
}

need_emcc() {
  case $(emcc_case) in
    private) ;;
    path) link_acorn ;;
    debian12) install_private_emscripten ;;
    debian13)
      say "installing Debian's Emscripten."
      apt_install emscripten
      link_acorn ;;
    other)
      say "emcc (Emscripten) $EMCC_WANTED or newer is not on the PATH$(found=$(emcc_of_system); [ -z "$found" ] || echo " ($found is $(emcc_version "$found"))"). Install it in one of these ways, then try again:"
      say "  emsdk:     git clone https://github.com/emscripten-core/emsdk && cd emsdk && ./emsdk install latest && ./emsdk activate latest && . ./emsdk_env.sh"
      say "  Homebrew:  brew install emscripten"
      say "  Fedora, Arch, openSUSE:  the package emscripten"
      exit 1 ;;
  esac
}

# Apple's compiler does not look where Homebrew installs on its newer machines; the Makefile says the same.
have_simde() {
  local homebrew=()
  [ ! -d /opt/homebrew/include ] || homebrew=(-isystem /opt/homebrew/include)
  printf '#include <%s>\n' "$SIMDE_HEADER" | "${CC:-cc}" ${homebrew[@]+"${homebrew[@]}"} -E - >/dev/null 2>&1
}

need_compiler_and_simde() {
  if ! command -v "${CC:-cc}" >/dev/null; then
    [ "$(os_field ID)" = debian ] || fail "a C compiler is needed (gcc or clang), and there is no ${CC:-cc} on the PATH."
    say "installing a C compiler."
    apt_install gcc libc6-dev
  fi
  have_simde && return
  if [ "$(os_field ID)" = debian ]; then
    say "installing SIMDe, the SIMD headers of the native build."
    apt_install libsimde-dev
  else
    fail "SIMDe (<$SIMDE_HEADER>) is missing. Install it, then try again: 'brew install simde', or the package libsimde-dev (Ubuntu), simde-devel (Fedora), simde (Arch)."
  fi
}

need_npm_packages() {
  [ ! node_modules/.package-lock.json -nt package-lock.json ] || return 0
  command -v npm >/dev/null || fail "npm is needed, which comes with Node, and is not on the PATH."
  say "installing the npm packages into node_modules/."
  npm ci --no-fund --no-audit --loglevel=error >&2
}

need_chromium() {
  [ -z "${CHROMIUM:-}" ] || return 0
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || {
    [ "$(os_field ID)" = debian ] || fail "the page's tests need Chromium: install it, or name the program in CHROMIUM."
    say "installing Chromium for the page's tests."
    apt_install chromium
  }
}

need_node() {
  local version
  version=$(node --version 2>/dev/null) || fail "Node $NODE_WANTED or newer is needed, and there is no node on the PATH."
  version_at_least "${version#v}" "$NODE_WANTED" || fail "Node $NODE_WANTED or newer is needed; this one is ${version#v}."
}

main() {
  cd "$(dirname "${BASH_SOURCE[0]}")/.."
  need_node
  need_emcc
  need_compiler_and_simde
  need_npm_packages
  if [ "${1:-}" = --test ]; then need_chromium; fi
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then main "$@"; fi
