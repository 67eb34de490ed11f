import { compareVersions } from "./versions.ts";

/** Releases of vLLM that are built with one torch. */
interface VllmRow {
  /** `0.10.2` */
  readonly from: string;
  readonly to: string;
  /** The one torch that its wheels run with. They are of PyPI, so that its CUDA is theirs. */
  readonly torch: string;
  /** The newest Python that it installs on. */
  readonly python: string;
}

/** Newest first. Source: `pypi`. Between two rows it is not known which of them holds. */
export const vllmReleases: readonly VllmRow[] = [
  { from: "0.28.0", to: "0.32.0", torch: "2.13.0", python: "3.14" },
  { from: "0.20.0", to: "0.26.0", torch: "2.11.0", python: "3.14" },
  { from: "0.17.0", to: "0.19.1", torch: "2.10.0", python: "3.13" },
  { from: "0.14.0", to: "0.16.0", torch: "2.9.1", python: "3.13" },
  { from: "0.11.1", to: "0.13.0", torch: "2.9.0", python: "3.13" },
  { from: "0.10.2", to: "0.11.0", torch: "2.8.0", python: "3.13" },
  { from: "0.10.0", to: "0.10.1", torch: "2.7.1", python: "3.12" },
  { from: "0.9.0", to: "0.9.2", torch: "2.7.0", python: "3.12" },
  { from: "0.8.5", to: "0.8.5", torch: "2.6.0", python: "3.12" },
  { from: "0.6.4", to: "0.7.3", torch: "2.5.1", python: "3.12" },
  { from: "0.5.5", to: "0.6.3", torch: "2.4.0", python: "3.12" },
];

/** What a release of vLLM (`0.10.1`, `0.6.6.post1`) is built with; undefined for one that the catalogue does not know. */
export function findVllm(version: string): VllmRow | undefined {
  const release = /^\d+\.\d+(?:\.\d+)?/.exec(version)?.[0];
  if (release === undefined) return undefined;
  return vllmReleases.find(
    (one) => compareVersions(release, one.from) >= 0 && compareVersions(release, one.to) <= 0,
  );
}
