// Asks AsyncAPI's own parser about the documents named by the arguments. Prints for each document
// its findings, the worst first, and then either what is in it or that it was refused: where one
// finding is an error (0) or a warning (1).
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const parser = new Parser();
for (const name of process.argv.slice(2)) {
  const { document, diagnostics } = await parser.parse(await readFile(name, "utf8"));
  const found = diagnostics.sort((one, other) => one.severity - other.severity);
  for (const each of found) {
    console.log(`${each.severity} ${each.code} ${each.path.join("/")}: ${each.message}`);
  }
  if (document === undefined || found.some((each) => each.severity < 2)) {
    console.log(`${name} refused`);
  } else {
    console.log(`${name} ${document.channels().all().length} channels`);
  }
}
