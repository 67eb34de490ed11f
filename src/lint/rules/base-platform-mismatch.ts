import { defineRule } from "../rule.ts";

const folders: Readonly<Record<string, string>> = {
  amd64: "amd64",
  i386: "386",
  arm32v5: "arm",
  arm32v6: "arm",
  arm32v7: "arm",
  arm64v8: "arm64",
  ppc64le: "ppc64le",
  riscv64: "riscv64",
  s390x: "s390x",
};
const architectures: Readonly<Record<string, string>> = {
  x86_64: "amd64",
  aarch64: "arm64",
  i386: "386",
  armhf: "arm",
};

export const basePlatformMismatch = defineRule({
  kind: "dockerfile",
  name: "base-platform-mismatch",
  group: "base",
  severity: "error",
  aliases: ["InvalidBaseImagePlatform"],
  meaning: "FROM asks for one platform and names an image of another.",
  why: "Images such as `arm64v8/python` exist for one architecture only. With another `--platform` the build stops, or goes on with programs that the machine cannot run. Which platforms an image really has is in its registry: ddiff looks only at what the file says, so that it is silent where Docker, which has pulled the image, can say more.",
  examples: [
    {
      bad: "FROM --platform=linux/amd64 arm64v8/python:3.12-slim\nRUN true\n",
      good: "FROM --platform=linux/arm64 arm64v8/python:3.12-slim\nRUN true\n",
    },
  ],
  check(file, report) {
    for (const { base, platform, image } of file.stages) {
      if (base.kind !== "image" || platform === undefined || image === undefined) continue;
      const folder = /^(?:docker\.io\/)?([^/]+)\/[^/]+$/.exec(base.image)?.[1] ?? "";
      const has = Object.hasOwn(folders, folder) ? folders[folder] : undefined;
      const asked = platform.toLowerCase().split("/")[1];
      if (has === undefined || asked === undefined) continue;
      const wanted = Object.hasOwn(architectures, asked) ? architectures[asked] : asked;
      if (wanted !== has)
        report({
          at: image,
          message: `${base.image} is an image for ${has} only, and FROM asks for ${platform}`,
        });
    }
  },
});
