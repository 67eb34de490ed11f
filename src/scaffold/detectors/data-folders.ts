import type { Detector } from "../project.ts";
import { depthOf, isBesides, nameOf } from "./reading/base.ts";

const dataNames = /^(?:data|datasets?|raw[-_]data|inputs?)$/i;
const weightNames =
  /^(?:weights?|checkpoints?|ckpts?|pretrained(?:[-_](?:models?|weights?))?|model[-_](?:repository|store|weights)|saved[-_]models?)$/i;
const weightFile =
  /\.(?:pt|pth|ckpt|safetensors|onnx|engine|plan|trt|gguf|ggml|h5|hdf5|keras|tflite|pdparams|mar|t7|caffemodel|joblib|pkl|bin)$/i;
const sureWeight =
  /\.(?:pt|pth|ckpt|safetensors|onnx|engine|plan|trt|gguf|keras|tflite|pdparams|mar|caffemodel)$/i;
const code = /\.(?:py|R|pyx|cu|cpp|h)$/;

/** Folders of data and of weights, those that .gitignore or the code only name included, and the weights themselves. */
export const dataFolders: Detector = (files, draft) => {
  const folders = new Map<string, { code: number; files: number; weights: number }>();
  for (const { path, size } of files.list) {
    const isWeight = sureWeight.test(path) || (weightFile.test(path) && size > 1_000_000);
    if (isWeight && !isBesides(path)) draft.weights.push({ path, size });
    const parts = path.split("/").slice(0, -1);
    for (let deep = 1; deep <= Math.min(parts.length, 3); deep++) {
      const folder = parts.slice(0, deep).join("/");
      const counted = folders.get(folder) ?? { code: 0, files: 0, weights: 0 };
      folders.set(folder, counted);
      counted.files++;
      if (code.test(path)) counted.code++;
      if (isWeight) counted.weights++;
    }
  }
  for (const [folder, { code, weights }] of folders) {
    if (isBesides(`${folder}/`)) continue;
    const name = nameOf(folder);
    // `pkg/data` with modules in it is a part of the program.
    if (dataNames.test(name) && code === 0) draft.dataFolders.push(folder);
    else if ((weightNames.test(name) || (/^(?:models?|assets)$/i.test(name) && weights > 0)) && code === 0)
      draft.weightFolders.push(folder);
  }
  addIgnored(files.read(".gitignore") ?? "", draft);
  addIgnored(files.read(".dockerignore") ?? "", draft);
  draft.weights.sort((a, b) => depthOf(a.path) - depthOf(b.path) || (a.path < b.path ? -1 : 1));
};

/** A folder that is kept out of git is where data lie on the machine of those who work on it. */
function addIgnored(text: string, draft: { dataFolders: string[]; weightFolders: string[] }): void {
  for (const raw of text.split(/\r?\n/).slice(0, 5_000)) {
    const folder = /^\/?([\w.-]+(?:\/[\w.-]+)?)\/?(?:\*{1,2})?$/.exec(raw.trim())?.[1];
    if (folder === undefined) continue;
    const list = dataNames.test(nameOf(folder))
      ? draft.dataFolders
      : weightNames.test(nameOf(folder))
        ? draft.weightFolders
        : undefined;
    if (list !== undefined && !list.some((one) => one === folder || folder.startsWith(`${one}/`)))
      list.push(folder);
  }
}
