/**
 * What of a mail is shown to a model: subject and own words. Left out is all that says which list carried the mail
 * (tags, footers, addresses), and what was written by somebody else or again in every mail (quotes, signatures), for
 * the same reason for which scikit-learn's 20 newsgroups are read with `remove=('headers', 'footers', 'quotes')`: a
 * classifier would learn those and nothing else, and a reply would carry its parent's text across the split.
 */

/** The longest text kept, in UTF-16 units; some 700 words. */
export const longestText = 4000

const tag = String.raw`\[[^\][\n]{1,40}\]`
const leadingMarks = new RegExp(String.raw`^\s*(?:(?:re|fwd?|fw|aw|sv|antw|was)\s*(?:\[\d+\])?\s*:|${tag})\s*`, 'i')

// Tags that the lists put into subjects, wherever a text repeats them.
const listTag =
  /\[(?:ilug(?:-social)?|razor-[\w-]+|sa-?(?:talk|dev|cvs|sight\w*)|spamassassin[\w-]*|spambayes|zzzzteana|forteana|iiu|webdev|exmh[\w-]*|rpm-[\w-]*list|fork|use perl|vulnwatch)\]/gi

/**
 * A subject without reply and forward marks and without the tags in brackets before its first word.
 *
 * @example cleanSubject('Re: [ILUG] Re[2]: Sun Solaris..') // => 'Sun Solaris..'
 */
export const cleanSubject = (subject: string): string => {
  let rest = subject.replace(listTag, ' ')
  for (let cut = rest.replace(leadingMarks, ''); cut !== rest; cut = rest.replace(leadingMarks, '')) rest = cut
  return normalise(rest.slice(0, longestText))
}

/** A quoted line: after optional initials, one of the marks that mail readers put before quotes. */
const isQuote = (line: string): boolean => /^\s{0,4}(?:[A-Za-z]{1,4})?[>|]/.test(line)

/** A line that leads a quote in: "On Monday, Ann wrote:", or a header of the quoted mail. */
const isAttribution = (line: string): boolean =>
  /(?:wrote|writes|said|mentioned|schrieb|a écrit|spake thusly|the following)\s*:?\s*$/i.test(line) ||
  /^\s*(?:From|Date|To|Cc|Subject|Message-ID|Sent):\s/i.test(line)

/** A line that only a list or its host writes. */
const isListLine = (line: string): boolean =>
  /mailman\/listinfo|\/lists\/listinfo|^\s*\S+ mailing list\s*(?:<\S+>)?\s*$|^List maintainer:|^\s*Irish Linux Users' Group|\(un\)subscription information|^-+DeathToSpam/i.test(
    line,
  )

const isRule = (line: string): boolean => /^\s*[_-]{20,}\s*$/.test(line)

/** Where a host's advertisement begins; it runs to the end of its block. */
const isAdvertisement = (line: string): boolean => /^\s*This sf\.net email is sponsored by/i.test(line)

const isYahooFooter = (line: string): boolean =>
  /^-+ ?Yahoo! Groups Sponsor|^To unsubscribe from this group, send an email to|^Your use of Yahoo! Groups is subject to/i.test(
    line,
  )

/** Lines that quote another mail to the end, as Outlook does. */
const isQuotedMail = (line: string): boolean => /^\s*-{2,}\s*Original Message\s*-{2,}/i.test(line)

const isSignatureMark = (line: string): boolean => /^\s?-- ?$/.test(line)

// A longer "signature" is a mail whose author drew a line.
const longestSignature = 12

/** Without the footers of lists and their hosts, from wherever they stand. */
const withoutFooters = (lines: readonly string[]): readonly string[] => {
  const kept: string[] = []
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    if (isYahooFooter(line)) {
      // To the closing rule of the advertisement, or past the one address that follows.
      const end = lines.findIndex((later, at) => at > i && at < i + 8 && /^-+~->/.test(later))
      i = end > i ? end : i + 1
      continue
    }
    if (isAdvertisement(line)) {
      while (isRule(kept[kept.length - 1] ?? '')) kept.pop()
      while (i + 1 < lines.length && !isRule(lines[i + 1] ?? '') && (lines[i + 1] ?? '').trim() !== '') i++
      continue
    }
    if (isListLine(line)) {
      // The rule and the name above go with it.
      for (let above = 0; above < 3; above++) {
        const last = kept[kept.length - 1] ?? ''
        if (isRule(last) || isListLine(last) || isSignatureMark(last) || /^\s*<?[\w.-]+@[\w.-]+>?\s*$/.test(last))
          kept.pop()
      }
      continue
    }
    kept.push(line)
  }
  return kept
}

/** Without the header block that a gateway wrote above a feed's entry. */
const withoutGatewayHeader = (lines: readonly string[]): readonly string[] => {
  const first = lines.findIndex((line) => line.trim() !== '')
  if (first < 0 || !/^URL: \S+\s*$/.test(lines[first] ?? '')) return lines
  return lines.slice(/^Date: /.test(lines[first + 1] ?? '') ? first + 2 : first + 1)
}

const withoutSignature = (lines: readonly string[]): readonly string[] => {
  const pgp = lines.findIndex((line) => /^-----BEGIN PGP SIGNATURE-----/.test(line))
  const unsigned = (pgp < 0 ? lines : lines.slice(0, pgp)).filter(
    (line) => !/^-----BEGIN PGP SIGNED MESSAGE-----|^Hash: SHA\d+\s*$/.test(line),
  )
  const mark = unsigned.findLastIndex(isSignatureMark)
  return mark >= 0 && unsigned.length - mark <= longestSignature ? unsigned.slice(0, mark) : unsigned
}

/** Without quotes, the lines that lead them in, and mails quoted to the end. */
const withoutQuotes = (lines: readonly string[]): readonly string[] => {
  const end = lines.findIndex(isQuotedMail)
  const own = end < 0 ? lines : lines.slice(0, end)
  return own.filter((line, i) => {
    if (isQuote(line)) return false
    if (!isAttribution(line)) return true
    const next = own.slice(i + 1, i + 8).find((later) => later.trim() !== '' && !isAttribution(later))
    return next === undefined || !isQuote(next)
  })
}

const hasWords = (lines: readonly string[]): boolean => lines.some((line) => /[\p{L}\p{N}]/u.test(line))

// Bounded repetitions keep a long run of letters or dots linear.
const url = /\b(?:https?|ftp|mailto|news):\/{0,2}[^\s<>"')\]]+|\bwww\d?\.[^\s<>"')\]]+/gi
const email = /[\w.+=-]{1,64}(?:@|\s?\(at\)\s?)(?:[\w-]{1,63}\.){0,8}[\w-]{1,63}/gi
const domain =
  /\b(?:[a-z0-9-]{1,63}\.){1,8}(?:com|net|org|edu|gov|info|biz|ie|uk|de|fr|us|ca|cc|tv|nu)\b(?:\/[^\s<>"')\]]*)?/gi
// The lists' own names.
const listName =
  /\b(?:ilug(?:-social)?|razor-users|spamassassin-(?:talk|devel|commits|sightings)|exmh-(?:users|workers)|rpm-(?:zzz)?list|zzzzteana|forteana|freshrpms|fork(?:'?ed|ers?|s|ing|dom|posts?)?)\b|\bSA-?(?:talk|dev|CVS)\b|\bIrish Linux Users'? Group\b/gi

/**
 * One line of text: addresses of the web become `<url>`, of mail `<email>`, lists' names `<list>`; any run of space one
 * space.
 *
 * @example normalise('mail  fork@xent.com or see http://xent.com/') // => 'mail <email> or see <url>'
 */
export const normalise = (text: string): string =>
  text
    .replace(listTag, ' ')
    .replace(url, '<url>')
    .replace(email, '<email>')
    .replace(domain, '<url>')
    .replace(listName, '<list>')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: controls of broken charsets are dropped
    .replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200b-\u200f\ufeff]/g, '')
    .replace(/\s+/gu, ' ')
    .trim()

/**
 * A body without footers, quotes, signature and gateway headers. A mail of quotes only keeps them, without their marks.
 *
 * @example cleanBody('On Monday, Ann wrote:\n> why?\n\nBecause.\n-- \nBob') // => 'Because.'
 */
export const cleanBody = (body: string): string => {
  const lines = withoutFooters(withoutGatewayHeader(body.split(/\r\n|\r|\n/)))
  const own = withoutSignature(withoutQuotes(lines))
  const chosen = hasWords(own) ? own : withoutFooters(lines.map((line) => line.replace(/^[\s>|]+/, '')))
  return normalise(chosen.join('\n').slice(0, 4 * longestText))
}

/**
 * The text of a mail: its subject, a newline, its body, both cleaned, at most `longestText` long.
 *
 * @example mailText('[ILUG] Hello', 'Hi all,\n  see http://linux.ie') // => 'Hello\nHi all, see <url>'
 */
export const mailText = (subject: string, body: string): string =>
  `${cleanSubject(subject)}\n${cleanBody(body)}`
    .slice(0, longestText)
    .replace(/\p{Surrogate}/gu, '')
    .trim()
