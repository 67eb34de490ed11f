import { mountsOf, purposeOf } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

const serving = /infer|serv(?:e|ing)(?:\W|_|$)|predict|tritonserver|torchserve|uvicorn|gunicorn/;
const writing = /train|finetun|fine-tun|ollama|download|jupyter|notebook/;
const models = /(?:^|\/)(?:models?|weights|checkpoints?|model[_-]repository)\/?$/i;

export const composeModelMountWritable = defineRule({
  kind: "compose",
  name: "compose-model-mount-writable",
  group: "compose",
  severity: "info",
  aliases: [],
  meaning: "A serving container may write to the models that it is given.",
  why: "Weights are code that somebody will load: pickled checkpoints run what is in them. A service that answers requests from outside needs to read them only; with `:ro` a hole in it cannot replace them for all others. Leave it writable where the service downloads or converts models there.",
  examples: [
    {
      bad: "services:\n  inference:\n    image: lab/serve:1\n    volumes:\n      - ./models:/app/models\n",
      good: "services:\n  inference:\n    image: lab/serve:1\n    volumes:\n      - ./models:/app/models:ro\n",
      fixed:
        "services:\n  inference:\n    image: lab/serve:1\n    volumes:\n      - ./models:/app/models:ro\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const purpose = purposeOf(service);
      if (!serving.test(purpose) || writing.test(purpose)) continue;
      for (const mount of mountsOf(service)) {
        const { source, at } = mount;
        if (mount.readOnly || source === undefined || !/^[./~]/.test(source)) continue;
        if (!models.test(mount.target)) continue;
        const written = file.text.slice(at.start, at.end);
        const bare = written.replaceAll(/^["']|["']$/g, "");
        const plain = mount.short && bare === `${source}:${mount.target}`;
        const end = at.end - (written === bare ? 0 : 1);
        report({
          at,
          message: `${service.name} may change the models in ${source}, which it only has to read`,
          ...(plain
            ? {
                fix: {
                  title: "mount it read-only",
                  risk: "unsafe" as const,
                  edits: [{ start: end, end, text: ":ro" }],
                },
              }
            : {}),
        });
      }
    }
  },
});
