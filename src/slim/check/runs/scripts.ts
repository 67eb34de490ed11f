import type { ScriptTest } from "../checklist.ts";
import { type CheckResult, resultOf } from "../result.ts";
import type { RunSetting } from "../run-checklist.ts";
import type { Ran, Service } from "../runners/runner.ts";
import { endOfOutput, envOf, lastLine } from "./outcome.ts";

/** Seconds after which a program counts as started, whatever it does then. */
const longestStart = 30;
/** What programs say that do not find their own parts; any other end is that of a program that did start. */
const notStarted =
  /^Traceback \(most recent call last\)|Cannot find (?:module|package)|ERR_MODULE_NOT_FOUND|error while loading shared libraries|there is no package called|bad interpreter|Error relocating|symbol lookup error/m;

/** Starts programs with `--help`; a result for each. All of them run in one container, one after the other. */
export async function runScriptTest(test: ScriptTest, setting: RunSetting): Promise<CheckResult[]> {
  const { runner, limits, options, env } = setting;
  const seconds = Math.min(longestStart, limits.seconds);
  const scripts = [...new Set(test.scripts)];
  const request = { env: envOf(env, test.envVars), options };
  const life = String(Math.ceil(seconds * (scripts.length + 1)));
  const room = await runner.serve({ ...request, words: ["sleep", life], seconds: Number(life) });
  const results: CheckResult[] = [];
  try {
    for (const script of scripts) {
      const words = [script, "--help"];
      const ran = isOver(room)
        ? await runner.run({ ...request, words, seconds })
        : await room.exec(words, seconds);
      results.push(resultOfScript(script, ran));
    }
  } finally {
    await room.stop();
  }
  return results;
}

/** An image without `sleep` has no such room; then each program gets a container. */
function isOver(room: Service): boolean {
  return room.ended() !== undefined;
}

function resultOfScript(script: string, ran: Ran): CheckResult {
  if (ran.late) {
    const doubts = ["it still ran when it was ended"];
    return resultOf("script", script, { doubts, seconds: ran.seconds });
  }
  const failures = failuresOf(ran);
  const more = failures.length === 0 ? {} : endOfOutput(ran);
  return resultOf("script", script, { failures, seconds: ran.seconds, ...more });
}

function failuresOf({ unstarted, status, stdout, stderr }: Ran): string[] {
  if (unstarted !== undefined) return [`it could not be started: ${unstarted}`];
  if (status === 0) return [];
  if (status >= 126) return [`it ended with status ${status}: ${lastLine(stderr || stdout)}`];
  return notStarted.test(stderr) || notStarted.test(stdout)
    ? [`it does not start: ${lastLine(stderr || stdout)}`]
    : [];
}
