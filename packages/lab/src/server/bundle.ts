import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** Scripts of the page, by the names they are served under. */
export interface Scripts {
  readonly page: string
  readonly worker: string
}

/** This package as it runs: compiled, or its sources where those are run. */
const entry = (name: string): string =>
  fileURLToPath(new URL(`../${name}${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url))

const bundle = async (name: string, alias: Readonly<Record<string, string>>): Promise<string> => {
  const { outputFiles, metafile } = await build({
    entryPoints: [entry(name)],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    keepNames: true,
    write: false,
    metafile: true,
    logLevel: 'error',
    // modules that need Node are in the packages' indexes; none may be left when what is not used is gone
    external: [...builtinModules, 'node:*'],
    alias,
  })
  const left = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path))
  if (left.length > 0) throw new Error(`${name} needs modules that a browser has not: ${left.join(', ')}`)
  return outputFiles.map(({ text }) => text).join('')
}

/**
 * The page's and the worker's scripts, each one file.
 *
 * @param alias where packages are found, for tests that run sources; by default as Node finds them
 */
export const bundleScripts = async (alias: Readonly<Record<string, string>> = {}): Promise<Scripts> => {
  const [page, worker] = await Promise.all([bundle('page/main', alias), bundle('worker/main', alias)])
  return { page, worker }
}
