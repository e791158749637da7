import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packages = fileURLToPath(new URL('../../../packages', import.meta.url))

/** A module with all it imports, as one ESM file; packages are their sources. */
export const bundle = async (entry: URL): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    write: false,
    logLevel: 'error',
    alias: Object.fromEntries(
      readdirSync(packages).map((name) => [`@cotangent/${name}`, `${packages}/${name}/src/index.ts`]),
    ),
  })
  const [file] = outputFiles
  if (file === undefined) throw new Error('esbuild wrote nothing')
  return file.text
}
