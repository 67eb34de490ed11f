import { cudaTagOf } from "../../catalog/cuda-images.ts";
import type { Dockerfile, Instruction } from "../../dockerfile/document.ts";
import { unquoted } from "../../dockerfile/read-words.ts";
import { shippedStages } from "../knowledge/shipped.ts";
import { namesOf, rootImage } from "../knowledge/variables.ts";
import { defineRule } from "../rule.ts";

export const ldLibraryPathLost = defineRule({
  kind: "dockerfile",
  name: "ld-library-path-lost",
  group: "cuda",
  severity: "info",
  aliases: [],
  meaning: "ENV sets `LD_LIBRARY_PATH` on an `nvidia/cuda` base without what the base has in it.",
  why: "The base sets it to `/usr/local/nvidia/lib:/usr/local/nvidia/lib64`. On GKE and with the old device plugin the driver's libraries are put exactly there, so without these folders `libcuda.so.1` is not found; with NVIDIA's container toolkit it makes no difference, so it shows on the cluster only. Append `:${LD_LIBRARY_PATH}`. A comment on the variable right above is taken for a reason.",
  examples: [
    {
      bad: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nENV LD_LIBRARY_PATH=/opt/lib\n",
      good: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nENV LD_LIBRARY_PATH=/opt/lib:${LD_LIBRARY_PATH}\n",
      fixed: "FROM nvidia/cuda:12.8.1-runtime-ubuntu24.04\nENV LD_LIBRARY_PATH=/opt/lib:${LD_LIBRARY_PATH}\n",
    },
  ],
  check(file, report) {
    for (const stage of shippedStages(file)) {
      const image = rootImage(stage);
      if (image === undefined || cudaTagOf(image) === undefined) continue;
      for (const instruction of stage.instructions) {
        if (instruction.keyword !== "ENV" || isExplained(file, instruction)) continue;
        for (const { name, value, start, end } of namesOf(instruction)) {
          if (name !== "LD_LIBRARY_PATH" || value === undefined) continue;
          const text = unquoted(value, file.escape);
          if (text === "" || /\$\{?LD_LIBRARY_PATH|\/usr\/local\/nvidia/.test(value)) continue;
          // A word of its own, without blanks and quotes inside, can be written on.
          const whole = file.text.slice(start, end);
          const quote = /["']$/.exec(value)?.[0] ?? "";
          const simple = whole === `${name}=${value}` && quote !== "'" && !/\s/.test(value);
          const at = end - quote.length;
          const colon = text.endsWith(":") ? "" : ":";
          report({
            at: { start, end },
            message: "LD_LIBRARY_PATH loses the folders of the base in which some clusters put the driver",
            ...(simple && {
              fix: {
                title: "append ${LD_LIBRARY_PATH}",
                risk: "safe",
                edits: [{ start: at, end: at, text: `${colon}\${LD_LIBRARY_PATH}` }],
              },
            }),
          });
        }
      }
    }
  },
});

/** Whether a comment in the lines right above speaks of the old value. */
function isExplained(file: Dockerfile, instruction: Instruction): boolean {
  const line = file.lines.position(instruction.start).line;
  return file.comments.some(
    (one) => one.line < line && one.line >= line - 3 && /\$\{?LD_LIBRARY_PATH/.test(one.text),
  );
}
