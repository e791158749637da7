import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { methodFromModule, type StudyMethod } from '@cotangent/experiment'
import { badOption, type EdgeError, pipe, TE } from '@cotangent/prelude'

/**
 * A user's module as a method of the study. The module is code and runs as such: it is named on the command line.
 *
 * @param path a module whose default export is an objective; see `methodFromModule`
 */
export const loadObjective = (path: string): TE.TaskEither<EdgeError, StudyMethod> =>
  pipe(
    TE.tryCatch(
      (): Promise<unknown> => import(pathToFileURL(resolve(path)).href),
      (cause): EdgeError =>
        badOption('--objective', {
          must: '--objective must name a module that can be imported.',
          received: `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
          todo: 'check the path and the imports of the module',
        }),
    ),
    TE.flatMapEither((module) => methodFromModule(module, path)),
  )
