import type { EntryPoint } from "../../project.ts";
import { nameOf } from "../reading/base.ts";

/** What a program is for, by its name and what it runs; `main` where they do not tell. */
export function purposeOf(name: string, target: string): EntryPoint["purpose"] {
  return (
    purposeOfFile(nameOf(name.replace(/\.py(?=\s|$)/, ""))) ?? purposeOfWords(`${name} ${target}`) ?? "main"
  );
}

function purposeOfWords(text: string): EntryPoint["purpose"] | undefined {
  if (/\b(?:uvicorn|gunicorn|streamlit|flask run|fastapi (?:run|dev)|bentoml serve|vllm serve)\b/.test(text))
    return "serve";
  return /\btorchrun\b/.test(text) ? "train" : undefined;
}

/** What a file is for by its name; undefined where that does not tell. */
export function purposeOfFile(name: string): EntryPoint["purpose"] | undefined {
  const plain = name.toLowerCase();
  if (
    /(?:^|[-_.])(?:pre|re)?_?train(?:er|ing)?(?:$|[-_.\d])|^(?:train|fine_?tun|pretrain)|(?:^|[-_])(?:fine-?_?tune|sft|dpo|grpo|distill)/.test(
      plain,
    )
  )
    return "train";
  if (/(?:^|[-_.])(?:eval(?:uate|uation)?|benchmark|validate|score)(?:$|[-_.])/.test(plain))
    return "evaluate";
  if (
    /(?:^|[-_.])(?:serv(?:e|er|ing|ice)|api|web(?:ui|app|_?demo)?|app|wsgi|asgi|gradio|streamlit|server)(?:$|[-_.])/.test(
      plain,
    )
  )
    return "serve";
  if (
    /^(?:main|run|cli|inference|infer|predict|generate|sample|demo|detect|start|launch|run_\w+|inference_\w+|txt2img|test)$/.test(
      plain,
    )
  )
    return "main";
  return undefined;
}
