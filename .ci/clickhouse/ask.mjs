// ask runs the SQL of standard input in ClickHouse, statements that end with a semicolon at the end of a line, and prints a line
// {"columns", "rows", "ms"} for each, values as texts. Its argument is the folder with node_modules.
import fs from 'node:fs'
import path from 'node:path'
import { createRequire } from 'node:module'

const { Session } = createRequire(path.resolve(process.argv[2], 'ask.mjs'))('chdb')
const session = new Session()
const settings = 'output_format_json_quote_64bit_integers=1, output_format_json_quote_decimals=1'
const text = (v) => (v === null || typeof v === 'string' ? v : String(v))
let status = 0

for (const statement of fs.readFileSync(0, 'utf8').split(';\n')) {
  if (statement.trim() === '') continue
  const makes = /^(\s|--.*\n)*(CREATE|SET|DROP)\b/i.test(statement)
  const begin = Date.now()
  try {
    const out = makes ? session.query(statement) : session.query(`${statement}\nSETTINGS ${settings}`, 'JSONCompact')
    const ms = Date.now() - begin
    const { meta, data } = out.trim() === '' ? { meta: [], data: [] } : JSON.parse(out)
    console.log(JSON.stringify({ columns: meta.map((c) => c.name), rows: data.map((row) => row.map(text)), ms }))
  } catch (err) {
    console.error(`clickhouse: ${err.message}\n${statement}`)
    status = 1
    break
  }
}
session.cleanup()
process.exitCode = status
