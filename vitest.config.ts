// Tests run on the sources: the private export condition leads from one package into the next.

import { defineConfig } from "vitest/config";

const conditions = ["@trunkline/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "{packages/*/test,test,examples,bench}/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    setupFiles: ["test/setup.ts"],
    pool: "forks",
    // Node itself resolves what tests import or start outside of vitest.
    execArgv: ["--conditions=@trunkline/source"],
    // Tests of whole clusters start processes of their own; more at once would starve their deadlines.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
