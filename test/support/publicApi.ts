/* The packages as the compiler sees them. */
import { readdirSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export const packageNames: readonly string[] = readdirSync(join(root, 'packages')).toSorted()

export const indexOf = (name: string): string => join(root, 'packages', name, 'src/index.ts')

const inFolder = (file: string): string => relative(root, file).split(sep).join('/')

/** A program of the packages' sources and some more files, with the settings that tests are checked with. */
export const makeProgram = (files: readonly string[]): ts.Program => {
  const config = join(root, 'tsconfig.test.json')
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config,
    ts.sys,
    dirname(config),
  )
  return ts.createProgram([...packageNames.map(indexOf), ...files], options)
}

/** What the compiler says of one file; lines count from 1. */
export const faultsIn = (
  program: ts.Program,
  file: string,
): readonly { readonly line: number; readonly text: string }[] =>
  ts.getPreEmitDiagnostics(program, program.getSourceFile(file)).map(({ messageText, start, file: at }) => ({
    line: at === undefined || start === undefined ? 1 : at.getLineAndCharacterOfPosition(start).line + 1,
    text: ts.flattenDiagnosticMessageText(messageText, ' '),
  }))

/** A public name of a package, as its declaration and its doc comment have it. */
export interface PublicName {
  readonly name: string
  /** The file it is declared in, from the root. */
  readonly at: string
  /** Whether there is something of this name when a program runs: no type alone. */
  readonly isValue: boolean
  /** The doc comment's text, without tags. */
  readonly comment: string
  /** `(x: Tensor) => Tensor`; of a value that is no function its type. */
  readonly signature: string
  /** Its `@example`s, in order. */
  readonly examples: readonly string[]
}

/** What the index of a package exports of this repository. */
export const publicNames = (program: ts.Program, packageName: string): readonly PublicName[] => {
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(indexOf(packageName))
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
  if (module === undefined) throw new Error(`packages/${packageName}/src/index.ts exports nothing`)
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const [declaration] = symbol.declarations ?? []
    if (declaration === undefined || ts.isSourceFile(declaration)) return []
    const at = inFolder(declaration.getSourceFile().fileName)
    if (!at.startsWith('packages/')) return []
    const type = checker.getTypeOfSymbolAtLocation(symbol, declaration)
    return [
      {
        name: exported.name,
        at,
        isValue: (symbol.flags & ts.SymbolFlags.Value) !== 0,
        comment: ts.displayPartsToString(symbol.getDocumentationComment(checker)),
        signature: checker.typeToString(type, declaration, ts.TypeFormatFlags.NoTruncation),
        examples: symbol
          .getJsDocTags(checker)
          .filter((tag) => tag.name === 'example')
          .map((tag) => ts.displayPartsToString(tag.text)),
      },
    ]
  })
}

/** Public names of a package that have no doc comment. */
export const undocumented = (
  program: ts.Program,
  packageName: string,
): readonly { readonly name: string; readonly at: string }[] =>
  publicNames(program, packageName)
    .filter(({ comment }) => comment === '')
    .map(({ name, at }) => ({ name, at }))
