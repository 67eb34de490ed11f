import { setTimeout as wait } from "node:timers/promises";
import type { ServiceTest } from "../checklist.ts";
import { patternFailures } from "../patterns.ts";
import { type CheckResult, resultOf } from "../result.ts";
import type { RunSetting } from "../run-checklist.ts";
import type { Ran, Service } from "../runners/runner.ts";
import { endOfOutput, envOf, lastLine } from "./outcome.ts";
import { type Answer, askingWords, readAnswer } from "./probe.ts";

/** Milliseconds between two questions. */
const pause = 300;
/** Seconds for one question. */
const patience = 10;

/** Starts a service and asks its port, from within its container, until it answers as it should or the time is over. */
export async function runServiceTest(test: ServiceTest, setting: RunSetting): Promise<CheckResult> {
  const { runner, image, options, env } = setting;
  const given = envOf(env, test.envVars);
  const asking = askingWords(
    image.tree,
    given.get("PATH") ?? image.run.env.get("PATH"),
    test.port,
    test.path,
  );
  if (asking === undefined) {
    const skipped = "the image has no program that could ask it: curl, python3, node, bash or perl";
    return resultOf("service", test.name, { skipped });
  }
  const begun = Date.now();
  const service = await runner.serve({
    words: test.command === "" ? undefined : [test.command, ...test.args],
    setup: test.setup,
    env: given,
    user: test.user,
    options,
    seconds: test.startWithin + 2 * patience,
  });
  let failures: string[];
  let ran: Ran;
  try {
    failures = await askUntil(test, service, asking, begun + test.startWithin * 1000);
  } finally {
    ran = await service.stop();
  }
  const more = failures.length === 0 ? {} : endOfOutput(ran);
  return resultOf("service", test.name, { failures, seconds: (Date.now() - begun) / 1000, ...more });
}

/** What is still wrong when it answered rightly, ended, or the time was over. */
async function askUntil(
  test: ServiceTest,
  service: Service,
  asking: readonly string[],
  deadline: number,
): Promise<string[]> {
  for (let failures = [`nothing answered at port ${test.port}`]; ; await wait(pause)) {
    const over = service.ended();
    if (over !== undefined) return [endSentence(over), ...failures];
    const left = (deadline - Date.now()) / 1000;
    if (left <= 0) return failures.map((failure) => `${failure} within ${test.startWithin} s`);
    const { stdout } = await service.exec(asking, Math.max(1, Math.min(patience, left)));
    const answer = readAnswer(stdout);
    if (answer === undefined) continue;
    failures = answerFailures(test, answer);
    if (failures.length === 0) return [];
  }
}

/** Something other than HTTP is an answer too where nothing is asked of it. */
function answerFailures(test: ServiceTest, { status, body }: Answer): string[] {
  const { expectedStatus, expectedContents } = test;
  const where = `the answer to ${test.path}`;
  const contents = patternFailures(body, where, { expected: expectedContents, excluded: [] });
  if (status === undefined)
    return expectedStatus.length === 0 ? contents : [`port ${test.port} does not speak HTTP`];
  const isRight = expectedStatus.length === 0 ? status < 500 : expectedStatus.includes(status);
  const wanted = expectedStatus.length === 0 ? "below 500" : expectedStatus.join(" or ");
  return [...(isRight ? [] : [`${where} has status ${status}, not ${wanted}`]), ...contents];
}

function endSentence({ unstarted, status, stderr, stdout }: Ran): string {
  if (unstarted !== undefined) return `it could not be started: ${unstarted}`;
  const last = lastLine(stderr) || lastLine(stdout);
  return `it ended with status ${status}${last === "" ? "" : `: ${last}`}`;
}
