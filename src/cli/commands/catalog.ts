import { defineCommand } from "../command.ts";
import { table } from "../../report/table.ts";

export const catalog = defineCommand({
  name: "catalog",
  summary: "show and search what is known of GPUs, CUDA, torch and base images",
  usage: ["catalog [OPTIONS]", "catalog [OPTIONS] TOPIC [WORD...]", "catalog [OPTIONS] WORD..."],
  description: [
    "Shows the facts that lint goes by: without an argument the topics, with a topic its table, with words after it the rows that have them all. Words alone are looked for in every table.",
    "Named one GPU, CUDA, driver, image or torch version, it says what goes with it. Needs no network: the facts are part of the program, each table with its sources and their dates.",
  ],
  arguments: [
    {
      name: "TOPIC",
      help: "gpu, cuda, driver, image, torch, kernels, wheels, framework, ngc, os, package or size",
    },
    { name: "WORD", many: true, help: "what rows must have" },
  ],
  options: {
    sources: { help: "say where the facts are from, and of which day they are" },
  },
  examples: [
    { text: "What runs on a GPU", command: "ddiff catalog gpu 4090" },
    { text: "What a driver runs", command: "ddiff catalog driver 550" },
    {
      text: "Whether a tag still lives, and which one does",
      command: "ddiff catalog image nvidia/cuda:12.1.0-cudnn8-devel-ubuntu22.04",
    },
    { text: "What comes with a release of torch", command: "ddiff catalog torch 2.5" },
    { text: "Where a package went", command: "ddiff catalog package libgl1-mesa-glx" },
  ],
  async run(call) {
    const [first = "", ...rest] = call.args;
    const { catalogTables, matchingRows } = await import("../../catalog/tables.ts");
    const tables = catalogTables();
    if (call.args.length === 0) {
      const topics = tables.map((one) => ({ topic: one.topic, about: one.about, rows: one.rows.length }));
      const rows = topics.map((one) => [one.topic, String(one.rows), one.about]);
      return { json: { topics }, answer: table([["TOPIC", "ROWS", "ABOUT"], ...rows], [1]) };
    }
    const { answer } = await import("../../catalog/answers.ts");
    const { sources } = await import("../../catalog/sources.ts");
    const topic = tables.find((one) => one.topic === first || `${one.topic}s` === first);
    const words = topic === undefined ? call.args : rest;
    const answered = topic === undefined ? undefined : answer(topic.topic, rest.join(" "));
    const facts = (answered?.facts ?? []).filter(([, value]) => value !== "");
    const found = (topic === undefined ? tables : [topic])
      .map((one) => ({ ...one, rows: answered?.found === true ? [] : matchingRows(one, words) }))
      .filter((one) => one.rows.length > 0);
    const used = [...new Set((topic === undefined ? found : [topic]).flatMap((one) => one.sources))];
    const lines = [
      ...(facts.length === 0 ? [] : [table(facts)]),
      ...found.map(
        (one) => `${topic === undefined ? `${one.topic}\n` : ""}${table([one.columns, ...one.rows])}`,
      ),
      ...(call.options.sources && used.length > 0
        ? [table(used.map((name) => [sources[name].on, sources[name].from]))]
        : []),
    ];
    const isFound = answered?.found === true || found.length > 0;
    if (!isFound) lines.unshift(`nothing in the catalogue about ${call.args.join(" ")}`);
    return {
      status: isFound ? 0 : 1,
      json: {
        facts: Object.fromEntries(facts),
        tables: found.map(({ topic, columns, rows }) => ({ topic, columns, rows })),
        sources: used.map((name) => sources[name]),
      },
      answer: lines.join("\n\n"),
    };
  },
});
