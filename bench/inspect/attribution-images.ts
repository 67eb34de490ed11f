import { existsSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../images/command.ts";
import { workPath } from "../images/places.ts";

const mirror = process.env["DDIFF_BENCH_MIRROR"] ?? "http://deb.debian.org";
/** Of the machine: a mirror's certificate may be of its own making. */
const certificates = "/etc/ssl/certs/ca-certificates.crt";

/**
 * Conda cannot be had everywhere, so its layout is made from wheels: a cache of unpacked packages with `info/index.json`, hard links
 * of all their files in the environment, and a record with their paths in `conda-meta`.
 */
const condaLayout = `
import glob, json, os, zipfile
prefix, site = "/opt/conda", "lib/python3.11/site-packages"
os.makedirs(prefix + "/conda-meta")
for wheel in glob.glob("/tmp/wheels/*.whl"):
    name, version = os.path.basename(wheel).split("-")[:2]
    dist = f"{name.replace('_', '-')}-{version}-py311_0"
    cache = f"{prefix}/pkgs/{dist}"
    os.makedirs(f"{cache}/info")
    zipfile.ZipFile(wheel).extractall(f"{cache}/{site}")
    for info in glob.glob(f"{cache}/{site}/*.dist-info"):
        open(info + "/INSTALLER", "w").write("conda")
    files = sorted(os.path.relpath(os.path.join(top, one), cache)
                   for top, _, found in os.walk(f"{cache}/{site}") for one in found)
    about = {"name": dist.rsplit("-", 2)[0], "version": version, "build": "py311_0"}
    json.dump(about, open(f"{cache}/info/index.json", "w"))
    for one in files:
        os.makedirs(os.path.dirname(f"{prefix}/{one}"), exist_ok=True)
        os.link(f"{cache}/{one}", f"{prefix}/{one}")
    json.dump({**about, "files": files}, open(f"{prefix}/conda-meta/{dist}.json", "w"))
`.trimStart();

/** An image whose package managers are asked what is theirs. */
export interface Image {
  id: string;
  title: string;
  /** Debian packages. */
  packages: readonly string[];
  /** What runs in it once they are installed, as root with /bin/sh. */
  script: string;
  /** Commands of pip, one for each environment. */
  pips: readonly string[];
  /** Commands of npm, one for each project. */
  npms: readonly string[];
}

/** The images of the bench. */
export const images: readonly Image[] = [
  {
    id: "torch",
    title: "Debian's python3-torch, torchvision, numpy",
    packages: ["python3-torch", "python3-torchvision", "python3-numpy", "python3-pip"],
    script: "",
    pips: ["python3 -m pip"],
    npms: [],
  },
  {
    id: "r",
    title: "R with Debian's r-cran-*, and packages of CRAN installed by R itself",
    packages: [
      "r-base-core",
      "r-recommended",
      "r-cran-ggplot2",
      "r-cran-dplyr",
      "gcc",
      "g++",
      "make",
      "libc6-dev",
      "xz-utils",
    ],
    script: `
      cd /tmp && apt-get source --download-only --tar-only r-cran-jsonlite r-cran-r6 r-cran-rcpp
      for archive in *.orig.tar.*; do mkdir "$archive.d" && tar -xf "$archive" -C "$archive.d"; done
      R CMD INSTALL --library=/usr/local/lib/R/site-library *.d/*
      rm -rf /tmp/*
    `,
    pips: [],
    npms: [],
  },
  {
    id: "python",
    title: "pip in a virtual environment and for the whole system, uv, an editable project",
    packages: ["python3", "python3-venv", "python3-pip", "ca-certificates"],
    script: `
      export REQUESTS_CA_BUNDLE=/run/host.crt SSL_CERT_FILE=/run/host.crt PIP_DISABLE_PIP_VERSION_CHECK=1
      python3 -m venv /opt/venv
      /opt/venv/bin/pip install -q uv numpy pandas scipy scikit-learn matplotlib jupyterlab
      /opt/venv/bin/uv venv -q --python /usr/bin/python3 /opt/uv
      /opt/venv/bin/uv pip install -q --python /opt/uv polars pyarrow httpx
      pip install -q --break-system-packages requests
      mkdir -p /app/src/project && cd /app
      printf '[project]\\nname = "project"\\nversion = "1.0"\\n' > pyproject.toml
      echo 'answer = 42' > src/project/__init__.py
      /opt/venv/bin/pip install -q --editable /app
      rm -rf /root/.cache /tmp/*
    `,
    pips: [
      "python3 -m pip",
      "/opt/venv/bin/python -m pip",
      "/opt/venv/bin/python -m pip --python /opt/uv/bin/python",
    ],
    npms: [],
  },
  {
    id: "node",
    title: "Debian's nodejs and npm, a project from npm",
    packages: ["nodejs", "npm", "ca-certificates"],
    script: `
      export npm_config_cafile=/run/host.crt NODE_EXTRA_CA_CERTS=/run/host.crt npm_config_loglevel=error
      mkdir -p /app && cd /app
      echo '{"name":"app","version":"1.0.0"}' > package.json
      npm install --ignore-scripts --no-audit --no-fund express typescript lodash react react-dom rxjs
      npm install --global --ignore-scripts --no-audit --no-fund prettier
      rm -rf /root/.npm /tmp/*
    `,
    pips: [],
    npms: ["npm --prefix /app", "npm --global"],
  },
  {
    id: "rpm",
    title: "packages that rpmbuild and rpm made, beside Debian's",
    packages: ["rpm"],
    script: `
      mkdir -p /tmp/rpm && cd /tmp/rpm
      for name in first second; do
        mkdir -p files/opt/$name && cp -r /usr/share/perl/. files/opt/$name
        printf '%s\\n' "Name: $name" 'Version: 1.2' 'Release: 3' 'Epoch: 1' 'Summary: s' 'License: MIT' 'BuildArch: noarch' \\
          '%description' 'd' '%install' "cp -r /tmp/rpm/files/. %{buildroot}" '%files' "/opt/$name" > $name.spec
        rpmbuild --quiet -bb --define '_topdir /tmp/rpm' $name.spec
        rm -r files
      done
      rpm --dbpath /var/lib/rpm --install --nodeps --force-debian RPMS/noarch/*.rpm
      rm -rf /tmp/*
    `,
    pips: [],
    npms: [],
  },
  {
    id: "conda-like",
    title: "a conda environment made by hand in the documented layout, pip within it",
    packages: ["python3", "python3-pip", "ca-certificates"],
    script: `
      export REQUESTS_CA_BUNDLE=/run/host.crt SSL_CERT_FILE=/run/host.crt PIP_DISABLE_PIP_VERSION_CHECK=1
      pip download -q -d /tmp/wheels numpy scipy pandas scikit-learn pyarrow
      python3 - <<'PYTHON'
${condaLayout}PYTHON
      pip install -q --no-deps --target /opt/conda/lib/python3.11/site-packages requests rich
      rm -rf /root/.cache /tmp/*
    `,
    pips: ["env PYTHONPATH=/opt/conda/lib/python3.11/site-packages python3 -m pip"],
    npms: [],
  },
];

/** The root folder of an image, made when it is not there: minutes for the first time. */
export async function rootOf(image: Image): Promise<string> {
  const root = join(workPath("attribution"), image.id);
  if (existsSync(root)) return root;
  const partial = `${root}.partial`;
  rmSync(partial, { recursive: true, force: true });
  const hooks =
    image.script === ""
      ? []
      : [
          `--customize-hook=cp ${certificates} "$1/run/host.crt"`,
          `--customize-hook=chroot "$1" /bin/sh -ec ${quoted(image.script)}`,
          '--customize-hook=rm -r "$1/run/host.crt" "$1/var/lib/apt/lists" "$1/var/cache/apt"',
        ];
  const sources = ["deb", "deb-src"].map((kind) => `${kind} ${mirror}/debian bookworm main`);
  const include = `--include=${image.packages.join(",")}`;
  const how = ["--variant=minbase", "--mode=root", include, ...hooks];
  // In a mount namespace of its own, so that nothing stays mounted below the folder when this is ended.
  const command = [
    "--mount",
    "--propagation",
    "private",
    "mmdebstrap",
    ...how,
    "bookworm",
    partial,
    ...sources,
  ];
  await run("unshare", command, { quiet: true });
  renameSync(partial, root);
  return root;
}

function quoted(script: string): string {
  return `'${script.replaceAll("'", String.raw`'\''`)}'`;
}
