/** The programs that install packages, as rules tell them apart. */
export type Manager =
  | "apt"
  | "apk"
  | "dnf"
  | "yum"
  | "zypper"
  | "pip"
  | "uv-pip"
  | "uv"
  | "conda"
  | "pixi"
  | "poetry"
  | "pdm"
  | "pipenv"
  | "npm"
  | "yarn"
  | "pnpm"
  | "gem"
  | "r";

/** How a manager's command line is read. */
export interface ManagerGrammar {
  readonly manager: Manager;
  /** Options that take the next word as their value, of all subcommands. */
  readonly valued: ReadonlySet<string>;
  /** What a subcommand does; those not named here are "other". Two-word ones are written with a blank. */
  readonly actions: Readonly<Record<string, Action>>;
}

/** What a package command does. */
export type Action = "install" | "sync" | "refresh" | "upgrade" | "remove" | "clean" | "build" | "other";

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/));

const aptValued = words(
  "-o --option -t --target-release --default-release -c --config-file -a --host-architecture",
);
const pipValued = words(
  `-r --requirement -c --constraint -e --editable -i --index-url --extra-index-url -f --find-links -t --target --prefix --root --src
  --trusted-host --cert --client-cert --proxy --timeout --retries --python --platform --implementation --abi --python-version
  --progress-bar --log --cache-dir --no-binary --only-binary --config-settings -C --global-option --install-option
  --upgrade-strategy --root-user-action --report --exists-action --use-feature --use-deprecated --no-build-isolation-package -w --wheel-dir -d --dest`,
);
const uvValued = words(
  `-r --requirement --requirements -c --constraint --constraints -e --editable -i --index-url --extra-index-url --index --default-index
  -f --find-links -t --target --prefix --overrides --override --excludes --build-constraints -b --torch-backend -p --python
  --index-strategy --link-mode --keyring-provider --resolution --prerelease -C --config-setting --refresh-package
  --reinstall-package -P --upgrade-package --exclude-newer --cache-dir --extra --group --only-group --no-group --no-extra --package
  --project --directory --config-file --no-install-package --no-build-package --no-binary-package --no-binary --only-binary
  --python-platform --python-version --allow-insecure-host --color -o --output-file --format --trusted-host --with --from`,
);
const condaValued = words(
  `-n --name -p --prefix -c --channel -f --file --solver --repodata-fn --subdir --platform --override-channels-from -r --root-prefix
  --relocate-prefix --category --rc-file --log-level --pyc --python`,
);
const condaActions: Readonly<Record<string, Action>> = {
  install: "install",
  create: "install",
  "env create": "install",
  "env update": "install",
  update: "upgrade",
  upgrade: "upgrade",
  remove: "remove",
  uninstall: "remove",
  clean: "clean",
};
const rpmActions: Readonly<Record<string, Action>> = {
  install: "install",
  in: "install",
  rei: "install",
  localinstall: "install",
  groupinstall: "install",
  "group install": "install",
  "module install": "install",
  reinstall: "install",
  makecache: "refresh",
  update: "upgrade",
  upgrade: "upgrade",
  up: "upgrade",
  "upgrade-minimal": "upgrade",
  "update-minimal": "upgrade",
  "up-min": "upgrade",
  "dist-upgrade": "upgrade",
  "distro-sync": "upgrade",
  distrosync: "upgrade",
  dsync: "upgrade",
  remove: "remove",
  erase: "remove",
  autoremove: "remove",
  clean: "clean",
};
const rpmValued = words(
  "-c --config -x --exclude --enablerepo --disablerepo --repo --repoid --releasever --setopt --installroot --forcearch",
);
const nodeValued = words(
  "-w --workspace --prefix --registry --cache --loglevel --omit --include --cwd -C --dir --filter",
);

const grammars: readonly (ManagerGrammar & { readonly names: readonly string[] })[] = [
  {
    names: ["apt-get", "apt", "aptitude"],
    manager: "apt",
    valued: aptValued,
    actions: {
      install: "install",
      update: "refresh",
      upgrade: "upgrade",
      "dist-upgrade": "upgrade",
      "full-upgrade": "upgrade",
      "build-dep": "install",
      remove: "remove",
      purge: "remove",
      autoremove: "remove",
      clean: "clean",
      autoclean: "clean",
      "dist-clean": "clean",
    },
  },
  {
    names: ["apk"],
    manager: "apk",
    valued: words(
      "-t --virtual -X --repository -p --root --repositories-file --cache-dir --keys-dir --arch --wait",
    ),
    actions: { add: "install", update: "refresh", upgrade: "upgrade", del: "remove", cache: "clean" },
  },
  { names: ["dnf", "microdnf", "dnf5"], manager: "dnf", valued: rpmValued, actions: rpmActions },
  { names: ["yum", "tdnf"], manager: "yum", valued: rpmValued, actions: rpmActions },
  {
    names: ["zypper"],
    manager: "zypper",
    valued: words("-R --root -r --repo --from -t --type"),
    actions: {
      install: "install",
      in: "install",
      refresh: "refresh",
      ref: "refresh",
      update: "upgrade",
      up: "upgrade",
      "dist-upgrade": "upgrade",
      dup: "upgrade",
      remove: "remove",
      rm: "remove",
      clean: "clean",
      cc: "clean",
    },
  },
  {
    names: ["pip"],
    manager: "pip",
    valued: pipValued,
    actions: {
      install: "install",
      uninstall: "remove",
      wheel: "build",
      download: "build",
      "cache purge": "clean",
      "cache remove": "clean",
    },
  },
  {
    names: ["conda", "mamba", "micromamba"],
    manager: "conda",
    valued: condaValued,
    actions: condaActions,
  },
  {
    names: ["pixi"],
    manager: "pixi",
    valued: words(
      "-e --environment --manifest-path -p --platform --concurrent-downloads --concurrent-solves --auth-file -c --channel",
    ),
    actions: {
      install: "sync",
      add: "install",
      "global install": "install",
      update: "upgrade",
      "clean cache": "clean",
      clean: "clean",
      remove: "remove",
    },
  },
  {
    names: ["poetry"],
    manager: "poetry",
    valued: words("--with --without --only -C --directory -P --project --extras -E --group -G --source"),
    actions: {
      install: "sync",
      sync: "sync",
      add: "install",
      update: "upgrade",
      "cache clear": "clean",
      remove: "remove",
    },
  },
  {
    names: ["pdm"],
    manager: "pdm",
    valued: words("-G --group --with --without -p --project -L --lockfile -r --requirements"),
    actions: {
      install: "sync",
      sync: "sync",
      add: "install",
      update: "upgrade",
      "cache clear": "clean",
      remove: "remove",
    },
  },
  {
    names: ["pipenv"],
    manager: "pipenv",
    valued: words("--categories --python -r --requirements -i --index --extra-pip-args"),
    actions: { install: "sync", sync: "sync", update: "upgrade", uninstall: "remove" },
  },
  {
    names: ["npm"],
    manager: "npm",
    valued: nodeValued,
    actions: {
      install: "install",
      i: "install",
      add: "install",
      ci: "sync",
      update: "upgrade",
      "cache clean": "clean",
    },
  },
  {
    names: ["yarn"],
    manager: "yarn",
    valued: nodeValued,
    actions: {
      "": "sync",
      install: "sync",
      add: "install",
      "global add": "install",
      "cache clean": "clean",
      upgrade: "upgrade",
    },
  },
  {
    names: ["pnpm"],
    manager: "pnpm",
    valued: nodeValued,
    actions: { install: "sync", i: "sync", add: "install", "store prune": "clean", update: "upgrade" },
  },
  {
    names: ["gem"],
    manager: "gem",
    valued: words("-v --version -i --install-dir"),
    actions: { install: "install", i: "install", cleanup: "clean" },
  },
  {
    names: ["install2.r", "installGithub.r", "installBioc.r"],
    manager: "r",
    valued: words("-r --repos -n --ncpus -l --libloc -m --method -d --deps"),
    actions: {},
  },
];

const byName = new Map<string, ManagerGrammar>(
  grammars.flatMap((one) => one.names.map((name): [string, ManagerGrammar] => [name, one])),
);

/** `uv pip install`: pip's commands. */
export const uvPip: ManagerGrammar = {
  manager: "uv-pip",
  valued: uvValued,
  actions: { install: "install", sync: "sync", uninstall: "remove", compile: "other" },
};

/** `uv sync` and the rest of uv. */
export const uv: ManagerGrammar = {
  manager: "uv",
  valued: uvValued,
  actions: {
    sync: "sync",
    add: "install",
    run: "sync",
    "tool install": "install",
    "cache clean": "clean",
    "cache prune": "clean",
    clean: "clean",
    remove: "remove",
    lock: "other",
    export: "other",
  },
};

/** How the command line of a program is read; `pip3.11` and `pip3` are pip. */
export function grammarOf(program: string): ManagerGrammar | undefined {
  return byName.get(/^pip[\d.]*$/.test(program) ? "pip" : program);
}
