// Records of a CSV file, range by range, so that the text need not fit into memory. Cutting the file at
// ends of records is done here; what a record is, the csv-parse library decides. Columns and numbers
// are `csv.ts`'s business.

import { CsvError, parse } from "csv-parse/browser/esm/sync";
import type { ByteSource } from "./byte-source.ts";
import { joinBytes } from "./bytes.ts";
import { malformed } from "./malformed.ts";

export interface CsvRecordsOptions {
  delimiter: string;
  /** Bytes read at once. */
  rangeBytes: number;
}

const newline = 10;
const quote = 34;

/** Records in groups, as lists of fields; blank lines are left out, a byte-order mark too. */
export async function* csvRecords(
  source: ByteSource,
  options: CsvRecordsOptions,
): AsyncGenerator<string[][]> {
  let records = 0;
  for await (const bytes of wholeRecords(source, options.rangeBytes)) {
    const group = parseRecords(bytes, { source, options, records });
    records += group.length;
    if (group.length > 0) yield group;
  }
}

/** The file's bytes, cut behind newlines outside of quotes. */
async function* wholeRecords(source: ByteSource, rangeBytes: number): AsyncGenerator<Uint8Array> {
  const size = await source.size();
  let pending: Uint8Array[] = [];
  let quoted = false;
  for (let offset = 0; offset < size; offset += rangeBytes) {
    const range = await source.read(offset, Math.min(rangeBytes, size - offset));
    let cut = 0;
    for (let i = 0; i < range.length; i++) {
      const byte = range[i]!;
      // An escaped quote is two quotes, which leave the state as it was.
      if (byte === quote) quoted = !quoted;
      else if (byte === newline && !quoted) cut = i + 1;
    }
    if (cut > 0) {
      yield joinBytes([...pending, range.subarray(0, cut)]);
      pending = [];
    }
    if (cut < range.length) pending.push(range.subarray(cut));
  }
  if (pending.length > 0) yield joinBytes(pending);
}

interface ParseContext {
  source: ByteSource;
  options: CsvRecordsOptions;
  /** Records of the file before these bytes, the header among them. */
  records: number;
}

function parseRecords(bytes: Uint8Array, { source, options, records }: ParseContext): string[][] {
  try {
    return parse(new TextDecoder().decode(bytes), {
      delimiter: options.delimiter,
      record_delimiter: ["\r\n", "\n", "\r"],
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const within = typeof error.records === "number" ? error.records : 0;
    const where = records + within === 0 ? "In the header" : `In row ${records + within}`;
    throw malformed(
      source.name,
      `${where}, a quoted field is broken (${error.code}).`,
      'Write quotes around the whole field, and a quote inside it as "".',
    );
  }
}
