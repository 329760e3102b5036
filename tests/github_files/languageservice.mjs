// Prints what GitHub's own language service finds in workflows and actions, a line each. The first argument is the root
// of the repository that they are in.
import { readFileSync } from "node:fs";
import { validate } from "@actions/languageservice";
import { TextDocument } from "vscode-languageserver-textdocument";

async function main(root, files) {
  const fileProvider = {
    getFileContent: async ({ path }) => ({ name: path, content: readFileSync(`${root}/${path}`, "utf8") }),
  };
  for (const file of files) {
    const document = TextDocument.create(`file://${file}`, "yaml", 0, readFileSync(file, "utf8"));
    for (const one of await validate(document, { fileProvider })) {
      console.log(`${file}:${one.range.start.line + 1}: ${one.message}`);
    }
  }
}

const [root, ...files] = process.argv.slice(2);
main(root, files);
