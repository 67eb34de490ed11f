import { expect, test } from "vitest";
import { fixedBy, messagesOf } from "../testing/check.ts";
import { nodeCacheKept } from "./node-cache-kept.ts";

test.each([
  ["FROM node:22-slim", "/root/.npm"],
  ["FROM node:22-slim\nUSER node", "/home/node/.npm"],
  ["FROM node:22-slim\nENV HOME=/data\nUSER node", "/data/.npm"],
  ["FROM quay.io/jupyter/base-notebook:2026-01-05", "/home/jovyan/.npm"],
  ["ARG BASE=quay.io/jupyter/base-notebook\nFROM $BASE\nUSER root\nUSER ${NB_UID}", "~/.npm"],
])("%j: the cache is in the home of its user, %s", (head, folder) => {
  expect(messagesOf(nodeCacheKept, `${head}\nRUN npm install -g newman\n`)).toEqual([
    `npm keeps what it downloads in ${folder}`,
  ]);
});

test.each(["rm -rf ~/.npm", "rm -rf /home/jovyan/.npm", "npm cache clean --force"])(
  "%s empties it, whoever the user is",
  (removal) => {
    const text = `FROM node:22-slim\nUSER $WHO\nRUN npm install -g newman && ${removal}\n`;
    expect(messagesOf(nodeCacheKept, text)).toEqual([]);
  },
);

test("what sudo has made sudo cleans", () => {
  const text = "FROM node:22-slim\nUSER node\nRUN sudo npm install -g newman\n";
  expect(fixedBy(nodeCacheKept, text)).toBe(`${text.trimEnd()} && sudo npm cache clean --force\n`);
});
