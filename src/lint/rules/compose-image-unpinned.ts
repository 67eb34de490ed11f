import { textAt } from "../../dockerfile/compose-values.ts";
import { defineRule } from "../rule.ts";

export const composeImageUnpinned = defineRule({
  kind: "compose",
  name: "compose-image-unpinned",
  group: "compose",
  severity: "info",
  aliases: ["service-image-require-explicit-tag", "DL3007"],
  meaning: "A service runs an image without a tag, or with the tag `latest`.",
  why: "Which image runs depends on when a machine pulled it last: two machines, or one before and after `docker compose pull`, run different versions, and nothing says which one worked. Of 594 services in public compose files 281 are like that. Images that the same service builds are left alone.",
  examples: [
    {
      bad: "services:\n  board:\n    image: tensorflow/tensorflow:latest\n",
      good: "services:\n  board:\n    image: tensorflow/tensorflow:2.18.0\n",
    },
  ],
  check(file, report) {
    for (const service of file.services) {
      const image = textAt(service, "image");
      if (image === undefined || service.get("build") !== undefined || /[$@\s]/.test(image)) continue;
      const tag = /:([^/:]*)$/.exec(image)?.[1];
      if (image === "" || (tag !== undefined && tag !== "latest")) continue;
      const at = service.range("image");
      report({ at, message: `${service.name} runs whatever ${image} is on the day it is pulled` });
    }
  },
});
