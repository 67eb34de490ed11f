/**
 * The environment that a folder of Python packages belongs to, as `Package.home` names it: `opt/venv` for
 * `opt/venv/lib/python3.12/site-packages`, "" for those of the system's own Python, the folder itself where it is of no environment
 * (`pip install --target`).
 */
export function homeOfSite(site: string): string {
  const prefix = /^(.*?)\/?lib(?:64)?\/(?:python|pypy)[^/]*\/(?:site|dist)-packages$/.exec(site)?.[1];
  return prefix === "usr" ? "" : (prefix ?? site);
}

/** Name and version in the name of a folder like `numpy-2.1.0.dist-info` or `six-1.16.0-py3.11.egg-info`. */
export function namedBy(fileName: string): { name: string; version: string } {
  const stem = fileName.replace(/\.(?:dist-info|egg-info|egg)$/, "");
  const [, name, version] = /^(.+?)-([^-]*)(?:-.*)?$/.exec(stem) ?? [];
  return { name: name ?? stem, version: version ?? "" };
}
