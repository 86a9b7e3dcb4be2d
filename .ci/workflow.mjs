// Reads the workflows that README.md shows with GitHub's own parser: node workflow.mjs DIRECTORY README.md, where the
// directory has `node_modules/@actions/workflow-parser`. Ends with 1 if the parser refuses one, or would accept anything.
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

// The package imports its schema without saying that it is JSON, which bundlers accept and Node does not.
const hook = `export async function load(url, context, next) {
  const json = url.endsWith(".json") ? { importAttributes: { type: "json" } } : {};
  return next(url, { ...context, ...json });
}`;
register("data:text/javascript," + encodeURIComponent(hook));

const [directory, readme] = process.argv.slice(2);
const entry = join(resolve(directory), "node_modules/@actions/workflow-parser/dist/index.js");
const parser = await import(pathToFileURL(entry).href);

async function problems(name, content) {
  const parsed = parser.parseWorkflow({ name, content }, new parser.NoOperationTraceWriter());
  const found = parsed.context.errors.getErrors().map((error) => error.message);
  if (!parsed.value) return found;
  const template = await parser.convertWorkflowTemplate(parsed.context, parsed.value);
  return [...new Set([...found, ...(template.errors ?? []).map((error) => error.Message ?? error.message)])];
}

const blocks = [...readFileSync(readme, "utf8").matchAll(/^```yaml\n([\s\S]*?)^```$/gm)];
const workflows = blocks.map((block) => block[1]).filter((text) => /^jobs:/m.test(text));
if (workflows.length === 0) {
  console.error(`${readme} shows no workflow`);
  process.exit(1);
}
let refused = 0;
for (const [at, text] of workflows.entries()) {
  const name = `workflow-${at + 1}.yml`;
  for (const problem of await problems(name, text)) {
    console.error(`${readme}, ${name}: ${problem}`);
    refused += 1;
  }
  // A check that accepts everything is none.
  for (const [from, to] of [["steps:", "stepz:"], ["${{ ", "${{ ) "]]) {
    if (text.includes(from) && (await problems(name, text.replace(from, to))).length === 0) {
      console.error(`${name}: the parser accepts \`${to}\` for \`${from}\`, so this check checks nothing`);
      refused += 1;
    }
  }
}
console.log(`${workflows.length} workflows of ${readme}: ${refused === 0 ? "accepted" : `${refused} problems`}`);
process.exit(refused === 0 ? 0 : 1);
