/* The pages of the documentation. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './publicApi.js'

/** Files below a folder of the repository, as paths from its root. */
export const filesUnder = (folder: string, wanted: RegExp): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => wanted.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .toSorted()

/** A file of the repository. */
export const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** All pages but those that are made of doc comments. */
export const pages: readonly string[] = [
  'README.md',
  ...filesUnder('docs', /\.md$/).filter((file) => !file.startsWith('docs/api/')),
  ...filesUnder('packages', /^[\w-]+\/README\.md$/),
]
