/**
 * Packages of apt with which nothing comes that is only recommended: neither they nor what they depend on recommend a package that Debian's own images
 * lack. The same in Debian 11, 12 and 13. Source: `debian-packages`.
 */
export const packagesWithoutRecommends: ReadonlySet<string> = new Set(
  `binutils bison breeze-icon-theme bzip2 ca-certificates cabextract ccache chrpath clinfo cmake-data cpp diffstat dumb-init
  espeak-data espeak-ng-data file findutils flac fontconfig fonts-dejavu-core ftp fuse fuse3 gawk googletest gperf grep hwdata
  ibverbs-providers indent jq kmod less libaio-dev libatomic1 libb64-0d libb64-dev libbsd0 libcairo2 libcppunit-dev libegl1
  libffi-dev libflac-dev libfontconfig1 libfreetype6 libgles2 libglvnd0 libgmp-dev libgoogle-perftools-dev libgsl-dev libibumad-dev
  libibverbs-dev libjemalloc-dev liblzma-dev libmagic-dev libmp3lame-dev libmpfr-dev libmpg123-dev libnl-genl-3-200 libogg-dev
  libomp5 libopenblas-dev libopus-dev libpam0g libpixman-1-0 librdmacm-dev libsm6 libsndfile1 libsodium-dev libsodium23 libssl-dev
  libstdc++6 libubsan1 libucx0 libusb-1.0-0 libvorbis-dev libwayland-dev libx11-6 libx11-xcb1 libxcb-shape0 libxext6
  libxkbcommon-dev libxkbfile-dev libxml2 libxrender-dev libxrender1 libzstd-dev linux-libc-dev lld make net-tools netcat-openbsd
  netcat-traditional ninja-build numactl openssl p7zip-full patch patchelf pbzip2 pciutils pigz pv rapidjson-dev rsync sed
  shellcheck sqlite3 sudo swig tar tcl tini tmux tree tzdata unzip usbutils xz-utils yasm zstd`.split(/\s+/),
);
