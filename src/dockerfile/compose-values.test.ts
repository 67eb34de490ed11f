import { describe, expect, test } from "vitest";
import type { ComposeService } from "./compose.ts";
import { bytesOf, gpuRequest, mountsOf, portsOf, variablesAt } from "./compose-values.ts";
import { readCompose } from "./read-compose.ts";

function service(text: string): ComposeService {
  const [found] = readCompose(`services:\n  a: ${text}\n`).services;
  if (found === undefined) throw new Error("no service");
  return found;
}

test.each([
  ["{environment: [A=1, B, 'C=x=y', 'D=']}", ["A:1", "B:undefined", "C:x=y", "D:"]],
  ["{environment: {A: 1, B: , C: 'x', D: true}}", ["A:1", "B:undefined", "C:x", "D:true"]],
  ["{environment: A=1}", []],
  ["{environment: [[A], {B: 1}]}", []],
])("variables of %s", (text, expected) => {
  expect(variablesAt(service(text), "environment").map(({ name, value }) => `${name}:${value}`)).toEqual(
    expected,
  );
});

test.each([
  ["'./a:/b'", "./a > /b"],
  ["'./a:/b:ro'", "./a > /b (ro)"],
  ["'./a:/b:ro,z'", "./a > /b (ro)"],
  ["'/b'", "undefined > /b"],
  ["'${DIR:-./a}:/b'", "${DIR:-./a} > /b"],
  ["'C:\\a:/b'", "C:\\a > /b"],
  ["{type: bind, source: ./a, target: /b, read_only: true}", "./a > /b (ro)"],
])("the mount %s", (text, expected) => {
  const shown = mountsOf(service(`{volumes: [${text}]}`)).map(
    ({ source, target, readOnly }) => `${source} > ${target}${readOnly ? " (ro)" : ""}`,
  );
  expect(shown).toEqual([expected]);
});

test.each([
  ["'80'", "undefined "],
  ["80", "undefined "],
  ["'8000:80'", "8000 "],
  ["'127.0.0.1:8000:80/udp'", "8000 127.0.0.1/udp"],
  ["'[::1]:8000:80'", "8000 [::1]"],
  ["'3000-3005:3000-3005'", "3000-3005 "],
  ["{target: 80, published: 8000}", "8000 "],
])("the port %s", (text, expected) => {
  const [port] = portsOf(service(`{ports: [${text}]}`));
  expect(`${port?.published} ${port?.ip}${port?.protocol === "tcp" ? "" : `/${port?.protocol}`}`).toBe(
    expected,
  );
});

test("a port by a variable is not known", () => {
  expect(portsOf(service("{ports: ['${PORT}:80']}"))).toEqual([]);
});

const devices = (text: string): string => `{deploy: {resources: {reservations: {devices: [${text}]}}}}`;

describe("what needs a GPU", () => {
  test.each([
    ["{gpus: all}", true],
    ["{gpus: [{count: 1}]}", true],
    ["{runtime: nvidia}", true],
    ["{runtime: runc}", false],
    [devices("{capabilities: [gpu]}"), true],
    [devices("{driver: nvidia, count: 1}"), true],
    [devices("{driver: cdi, capabilities: [tpu]}"), false],
    ["{deploy: {resources: {reservations: {devices: oops}}}}", false],
    ["{}", false],
  ])("%s: %s", (text, expected) => {
    expect(gpuRequest(service(text)) !== undefined).toBe(expected);
  });
});

test.each([
  ["8gb", 8 * 1024 ** 3],
  ["8G", 8 * 1024 ** 3],
  ["512m", 512 * 1024 ** 2],
  ["64MiB", 64 * 1024 ** 2],
  ["1024", 1024],
  ["1.5k", 1536],
  ["b", undefined],
  ["${SHM}", undefined],
])("%s is %s bytes", (text, expected) => {
  expect(bytesOf(text)).toBe(expected);
});
