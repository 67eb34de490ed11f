const cached = /^(.*\/|)__pycache__\/([^/.]+)\.[^/]+$/;

/**
 * The source that Python (or numba) made this file from, after its package was installed: `a/__pycache__/b.cpython-312.pyc` from
 * `a/b.py`, and Python 2's `a/b.pyc` beside it (PEP 3147). undefined for any other file.
 */
export function sourceOfByteCode(path: string): string | undefined {
  if (path.endsWith(".pyc") || path.endsWith(".pyo") || path.includes("__pycache__/")) {
    const [, folder, module] = cached.exec(path) ?? [];
    if (folder !== undefined && module !== undefined) return `${folder}${module}.py`;
    return /\.py[co]$/.test(path) ? path.slice(0, -1) : undefined;
  }
  return undefined;
}
