import { userId } from "../image-layout.ts";
import { text } from "./kubernetes-text.ts";

/** What every pod says of itself: no rights that it does not need. */
export function podSecurity(): string[] {
  return [
    "      # The program does not talk to Kubernetes.",
    "      automountServiceAccountToken: false",
    "      securityContext:",
    "        runAsNonRoot: true",
    `        runAsUser: ${userId}`,
    `        runAsGroup: ${userId}`,
    "        # Volumes are the group's, or the user could not write to them.",
    `        fsGroup: ${userId}`,
    "        fsGroupChangePolicy: OnRootMismatch",
    "        seccompProfile:",
    "          type: RuntimeDefault",
  ];
}

/** What every container says of itself. */
export function containerSecurity(): string[] {
  return [
    "          securityContext:",
    "            allowPrivilegeEscalation: false",
    "            readOnlyRootFilesystem: true",
    "            capabilities:",
    "              drop:",
    "                - ALL",
  ];
}

/** Requests of CPU and memory, and the most memory: guesses, to be replaced by what is measured. */
export function resources(cpu: string, memory: string, most: string): string[] {
  return [
    "          # Measure and change them: too little memory ends the program, too much CPU is paid for nothing.",
    "          resources:",
    "            requests:",
    `              cpu: ${text(cpu)}`,
    `              memory: ${memory}`,
    "            limits:",
    `              memory: ${most}`,
  ];
}
