import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where prepared mails and pre-trained models are kept unless another folder is named: `cotangent` in the user's cache,
 * which is `XDG_CACHE_HOME`, or `.cache` in the home folder.
 *
 * @param environment only tests give another
 * @example defaultCacheFolder({ XDG_CACHE_HOME: '/caches' }) // => '/caches/cotangent'
 */
export const defaultCacheFolder = ({ XDG_CACHE_HOME }: NodeJS.ProcessEnv = process.env): string =>
  join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'cotangent')
