import type { Instruction } from "../../dockerfile/document.ts";
import { appendCall } from "../knowledge/append-command.ts";
import type { CacheKind } from "../knowledge/caches.ts";
import type { PackageCommand } from "../knowledge/installs.ts";
import { keptCaches, placeOf } from "../knowledge/kept-caches.ts";
import { defineRule } from "../rule.ts";

/** Each keeps what it downloads for itself; dnf and yum are one program. */
const families = [
  {
    programs: ["dnf", "dnf5", "yum", "tdnf"],
    folders: ["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum"],
  },
  { programs: ["microdnf"], folders: ["/var/cache/yum", "/var/cache/libdnf5", "/var/cache/dnf"] },
  { programs: ["zypper"], folders: ["/var/cache/zypp"] },
] as const;

export const rpmCacheKept = defineRule({
  kind: "dockerfile",
  name: "rpm-cache-kept",
  group: "caches",
  severity: "warning",
  aliases: ["DL3032", "DL3036", "DL3040", "DS-0015", "DS-0019", "DS-0020", "DS-0027"],
  meaning: "dnf, microdnf, yum or zypper leaves its metadata and packages in the layer.",
  why: "The metadata of the standard repositories alone is 30 to 200 MB. `clean all` in the same RUN removes it; in a later RUN it saves nothing.",
  examples: [
    {
      bad: "FROM rockylinux:9\nRUN dnf install -y git\n",
      good: "FROM rockylinux:9\nRUN dnf install -y git && dnf clean all\n",
      fixed: "FROM rockylinux:9\nRUN dnf install -y git && dnf clean all\n",
    },
    {
      bad: "FROM opensuse/leap:15.6\nRUN zypper install -y git\n",
      good: "FROM opensuse/leap:15.6\nRUN zypper install -y git && rm -rf /var/cache/zypp/*\n",
      fixed: "FROM opensuse/leap:15.6\nRUN zypper install -y git && zypper clean --all\n",
    },
  ],
  check(file, report) {
    for (const { programs, folders } of families) {
      const isOwn = (command: PackageCommand): boolean =>
        programs.some((program) => program === command.command.name);
      const cache: CacheKind = {
        folders: [folders[0]],
        movedBy: [],
        offBy: [],
        offOptions: ["--downloadonly"],
        folderOption: undefined,
        removed: /^\/var\/cache\/?(?:\*|dnf|libdnf5|yum|zypp)?/,
        cleans: (command) => command.action === "clean" && isOwn(command),
      };
      const kept = keptCaches(
        file,
        cache,
        (command) => isOwn(command) && (command.action === "install" || command.action === "upgrade"),
      );
      for (const { installs } of kept) {
        const [first] = installs;
        if (first === undefined || isMounted(first.instruction, folders)) continue;
        const { name } = first.command;
        const rest = name === "zypper" ? "clean --all" : "clean all";
        const edit = appendCall(file, first, /./, rest);
        report({
          at: placeOf(installs),
          message: `${name} leaves its metadata and packages in the layer`,
          ...(edit !== undefined && {
            fix: { title: `run ${name} ${rest} in the same RUN`, risk: "safe", edits: [edit] },
          }),
        });
      }
    }
  },
});

function isMounted(instruction: Instruction, folders: readonly string[]): boolean {
  return (instruction.trigger ?? instruction).flags.some((flag) =>
    folders.some((folder) => flag.value?.includes(folder)),
  );
}
