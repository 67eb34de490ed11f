import { normalName, type RequirementText } from "./requirements.ts";

/** Packages whose name on conda channels is another than on PyPI. */
const pypiNames: Readonly<Record<string, string>> = {
  pytorch: "torch",
  "pytorch-gpu": "torch",
  "pytorch-cpu": "torch",
  "tensorflow-base": "tensorflow",
  opencv: "opencv-python",
  "py-opencv": "opencv-python",
  libopencv: "opencv-python",
  "pytorch-lightning": "pytorch-lightning",
  "py-xgboost": "xgboost",
  "onnxruntime-cpu": "onnxruntime",
  "msgpack-python": "msgpack",
  pyqt: "pyqt5",
};

/** A package of a conda environment. */
export interface CondaPackage extends RequirementText {
  /** As the channel calls it: `pytorch`. */
  readonly condaName: string;
  readonly channel: string | undefined;
  /** The build string where one is asked for: `py3.10_cuda11.8*`, `*cpu*`. */
  readonly build: string | undefined;
}

/** A match specification of conda: `pytorch::pytorch=2.0.1=*cuda*`, `numpy >=1.20,<2`, `python 3.10.*`; undefined for what is none. */
export function parseCondaSpec(text: string): CondaPackage | undefined {
  const plain = text
    .slice(0, 1_000)
    .replace(/\s#.*$/, "")
    .trim();
  const match = /^(?:([\w./:@-]+?)(?:\/[\w-]+)?::)?([A-Za-z0-9_][\w.-]*)\s*(.*)$/.exec(plain);
  if (match?.[2] === undefined || match[2].includes("://")) return undefined;
  const [, channel, name, rest = ""] = match;
  const bracket = /\[([^\]]*)\]\s*$/.exec(rest);
  const written = (bracket === null ? rest : rest.slice(0, bracket.index)).trim();
  const inBracket = (key: string): string | undefined =>
    new RegExp(`(?:^|,)\\s*${key}\\s*=\\s*['"]?([^'",]+)`).exec(bracket?.[1] ?? "")?.[1];
  const [asked = "", second] = splitBuild(written);
  return {
    name: pypiNames[name.toLowerCase()] ?? normalName(name),
    condaName: name.toLowerCase(),
    version: condaVersion(inBracket("version") ?? asked),
    extras: [],
    url: undefined,
    channel,
    build: inBracket("build") ?? second,
  };
}

/** `=1.2=py39_0` and `1.2.* py39_0` into version and build. */
function splitBuild(written: string): string[] {
  const exact = /^==?\s*([^=\s]+)\s*(?:=|\s)\s*([^=\s]+)$/.exec(written);
  if (exact !== null) return [`=${exact[1]}`, exact[2] ?? ""];
  if (/^[<>!=~]/.test(written)) return [written.replace(/\s+(?=[<>!=~|,])/g, "")];
  return written.split(/\s+/);
}

/**
 * conda's version language in pip's: `=1.2` and `1.2.*` are `==1.2.*`, `1.2` alone and `==1.2` are exact. What pip cannot say (`|`)
 * becomes empty. A version of three numbers after a single `=` is exact in practice, as `conda env export` writes it.
 */
export function condaVersion(text: string): string {
  const plain = text.replace(/\s+/g, "");
  if (plain === "" || plain === "*" || plain.includes("|")) return "";
  const parts = plain.split(",").map((part) => {
    const fuzzy = /^=?(\d[\w.!+]*?)(\.?\*)$/.exec(part);
    if (fuzzy !== null) return `==${fuzzy[1]}.*`;
    const single = /^=(\d[\w.!+]*)$/.exec(part)?.[1];
    if (single !== undefined) return single.split(".").length > 2 ? `==${single}` : `==${single}.*`;
    return /^\d/.test(part) ? `==${part}` : part;
  });
  return parts.every((part) => /^(?:===?|~=|!=|<=|>=|<|>)[\w.!+*-]+$/.test(part)) ? parts.join(",") : "";
}
