import { portsOf } from "../knowledge/ports.ts";
import { defineRule } from "../rule.ts";

export const sshPort = defineRule({
  kind: "dockerfile",
  name: "ssh-port",
  group: "security",
  severity: "info",
  aliases: ["DS-0004", "CKV_DOCKER_1"],
  meaning: "EXPOSE names port 22.",
  why: "An SSH server in a container is one more thing to keep up to date, with host keys that are the same in every container where the build made them. `docker exec` and `kubectl exec` need none. On rented GPUs that are reached by SSH only it is meant. Not reported where the file speaks of MPI, which starts its processes by SSH, or allows keys alone (`PasswordAuthentication no`).",
  examples: [
    {
      bad: "FROM debian:12\nEXPOSE 22\n",
      good: "FROM debian:12\nEXPOSE 8000\n",
    },
  ],
  check(file, report) {
    // MPI starts its processes by SSH, and whoever allows keys alone has thought about it.
    if (/openmpi|mpirun|mpi_run|PasswordAuthentication\s+no/i.test(file.text)) return;
    for (const instruction of file.instructions) {
      for (const { at, from, to, protocol } of portsOf(file, instruction)) {
        if (from === undefined || to === undefined || protocol?.toLowerCase() === "udp") continue;
        if (from <= 22 && to >= 22 && to - from < 100)
          report({ at, message: "port 22 is for an SSH server in the container" });
      }
    }
  },
});
