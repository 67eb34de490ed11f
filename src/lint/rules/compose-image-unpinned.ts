import { officialImages } from "../../catalog/official-images.ts";
import { textAt } from "../../dockerfile/compose-values.ts";
import type { Range } from "../../dockerfile/text.ts";
import { servicesBelow } from "../knowledge/compose-overrides.ts";
import { defineRule } from "../rule.ts";

export const composeImageUnpinned = defineRule({
  kind: "compose",
  name: "compose-image-unpinned",
  group: "compose",
  severity: "info",
  aliases: ["service-image-require-explicit-tag", "DL3007"],
  meaning: "A service runs an image without a tag, or with the tag `latest`.",
  why: "Which image runs depends on when a machine pulled it last: two machines, or one before and after `docker compose pull`, run different versions, and nothing says which one worked. Of 594 services in public compose files 281 are like that. Images that a service of the file builds are left alone, and names that no registry has.",
  examples: [
    {
      bad: "services:\n  board:\n    image: tensorflow/tensorflow:latest\n",
      good: "services:\n  board:\n    image: tensorflow/tensorflow:2.18.0\n",
    },
  ],
  check(file, report, context) {
    const below = servicesBelow(context);
    const found = new Map<string, Range>();
    const built = new Set(
      [...file.services, ...below.values()]
        .filter((one) => one.get("build") !== undefined)
        .map((one) => withoutLatest(textAt(one, "image"))),
    );
    for (const service of file.services) {
      const image = textAt(service, "image");
      const builds = [service, below.get(service.name)].some((one) => one?.get("build") !== undefined);
      if (image === undefined || builds || /[$@\s]/.test(image)) continue;
      const tag = /:([^/:]*)$/.exec(image)?.[1];
      if (isBuiltHere(image) || built.has(withoutLatest(image))) continue;
      if (image === "" || (tag !== undefined && tag !== "latest") || found.has(image)) continue;
      found.set(image, service.range("image"));
    }
    const [first, ...more] = found;
    // Where it is the habit of the whole file, one finding says it.
    if (first !== undefined && more.length >= 3) {
      const [image, at] = first;
      report({
        at,
        message: `${image} and ${more.length} more images are whatever they are on the day they are pulled`,
      });
      return;
    }
    for (const [image, at] of found)
      report({ at, message: `${image} is whatever it is on the day it is pulled` });
  },
});

/** Without a namespace Docker Hub has official images only: any other was built on the machine. */
function isBuiltHere(image: string): boolean {
  return !image.includes("/") && !officialImages.has(image.replace(/:.*$/, ""));
}

function withoutLatest(image: string | undefined): string | undefined {
  return image?.replace(/:latest$/, "");
}
