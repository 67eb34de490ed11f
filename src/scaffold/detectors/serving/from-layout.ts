import type { Draft, Evidence, ProjectFiles } from "../../project.ts";
import { baseOf, depthOf, isBesides, nameOf } from "../reading/base.ts";
import { containerFacts } from "../reading/container-commands.ts";
import type { Candidate, Kind } from "./candidate.ts";

/** What files show without Python's help: Django, Triton, BentoML, TorchServe, vLLM. */
export function ofLayout(files: ProjectFiles, draft: Draft): Candidate[] {
  const found: Candidate[] = [];
  const base = baseOf(files);
  const add = (kind: Kind, target: string | undefined, score: number, because: Evidence): void =>
    void found.push({ kind, target, file: undefined, score, because });
  const manage = files.list.find(
    ({ path }) => nameOf(path) === "manage.py" && depthOf(path) <= 2 && !isBesides(path),
  )?.path;
  if (manage !== undefined && /django/i.test(files.read(manage) ?? "")) {
    const folder = manage.slice(0, -"manage.py".length);
    const wsgi = files.list.find(
      ({ path }) => path.startsWith(folder) && nameOf(path) === "wsgi.py" && !isBesides(path),
    )?.path;
    const module =
      wsgi === undefined
        ? undefined
        : `${wsgi.slice(base.length).replace(/\.py$/, "").split("/").join(".")}:application`;
    add("django", module, 70, { file: manage, says: "manages a site of Django" });
  }
  const triton = files.list.find(
    ({ path, size }) => nameOf(path) === "config.pbtxt" && size < 100_000 && !isBesides(path),
  );
  if (
    triton !== undefined &&
    /^\s*(?:name|platform|backend|max_batch_size)\s*:/m.test(files.read(triton.path) ?? "")
  )
    add("triton", triton.path.split("/").slice(0, -2).join("/") || ".", 45, {
      file: triton.path,
      says: "describes a model for Triton",
    });
  const bento = ["bentofile.yaml", "bentofile.yml"].map((one) => base + one).find((one) => files.has(one));
  if (bento !== undefined) {
    const service = /^service:\s*["']?([\w.:-]+)/m.exec(files.read(bento) ?? "")?.[1];
    add("bentoml", service, 75, { file: bento, says: `serves ${service ?? "with BentoML"}` });
  }
  for (const { words, file, line } of containerFacts(files, draft).commands) {
    const text = words.join(" ");
    const because = { file, line, says: `runs ${text.slice(0, 100)}` };
    if (/\bvllm(?:\.entrypoints|\s+serve)/.test(text)) add("vllm", undefined, 60, because);
    if (/\btorchserve\b/.test(text)) add("torchserve", undefined, 60, because);
    if (/\btritonserver\b/.test(text)) add("triton", undefined, 60, because);
  }
  const handler = files.list.find(
    ({ path }) => /(?:^|\/)config\.properties$/.test(path) && !isBesides(path),
  )?.path;
  if (handler !== undefined && /^(?:inference_address|model_store)=/m.test(files.read(handler) ?? ""))
    // In a library it is one more way to run what it makes.
    add("torchserve", undefined, draft.isPackage ? 20 : 35, { file: handler, says: "configures TorchServe" });
  return found;
}
