"""What a refusal to be contacted looks like, language by language. Patterns only; `refusals.py` applies them.

They match tidied text: lower case, no accents, `email` for `e-mail`, common slips mended. Each rule is a cross of a few kinds of
words (ceasing, refusing or removing, times contacting), not a list of sentences. Where the writer only moves the contact to
another hour or another thing ("not today", "not the file"), the rule does not hold.
"""

import re
from typing import Final

_EN_NOUN = r"(?:e?mails?|texts?|sms|calls?|messages?|communications?|correspondence|newsletters?|marketing|spam|solicitations?|notifications?|ads|advertis\w+|promotions?|contact|outreach)"
_EN_VERB = r"(?:contact|call|email|text|message|write|phone|ring|bother|mail|solicit|reach\s+out|follow\s+up|disturb|approach|spam|harass|pester)"
_EN_ING = r"(?:contacting|calling|emailing|texting|messaging|writing|phoning|ringing|bothering|mailing|sending|soliciting|reaching\s+out|spamming|harassing|hounding|hassling|bugging|annoying|pestering|blowing\s+up|following\s+up|communicating|marketing)"
_EN_NOT = r"(?:do\s+not|don't|never|no\s+longer|not\s+to|must\s+not|should\s+not|shouldn't|may\s+not|cannot|can't)"
_EN_ME = r"(?:(?:to\s+)?(?:me|us|here|this\s+(?:\w+\s+)?(?:number|line|phone|address|email|office|inbox)|my\s+\w+))"
_EN_EVER = r"(?:\s+(?:again|any\s?more|any\s+longer|ever))"
_EN_LATER = r"(?!\s*,?\s*(?:the|a|an|that|those|these|any\s+of|today|tonight|tomorrow|yet|now|right\s+now|before|after|until|till|on|in|during|between|while|when|at|this|next|so|too|late|early|if|unless|about|use|but|by|for|with|back)\b)"

ENGLISH: Final = rf"""
    \bunsub(?:scribe\w*|s)?\b
    | \bopt(?:ing|ed)?(?:\s+(?:me|us))?[\s-]*out\b(?!\s+(?:clause|provision|period|fee|option|window|terms?|form|polic\w+))
    | \b(?:stop|quit|cease|discontinue|halt|suspend|desist|refrain)\s+(?:\w+\s+){{0,3}}?(?:{_EN_ING}|{_EN_NOUN})\b(?!\s+me\s+(?:the|a)\b)
    | \b(?:{_EN_NOUN})\s+(?:to\s+|must\s+|should\s+|need\s+to\s+|have\s+to\s+)?(?:stop|cease|end)\b
    | \bcease\s+and\s+desist\b | \b(?:cut\s+it\s+out|knock\s+it\s+off)\b | \byou\s+(?:\w+\s+)?(?:need|have|got|must|better)\s+(?:to\s+)?stop\s*(?:[.!]|$)
    | [,;]\s*(?:please\s+)?(?:stop|remove(?:\s+me)?)\s*[.!]*\s*$
    | \b(?:kill|end|cancel|terminate|stop)\s+(?:my|the|this|our)\s+(?:\w+\s+)?(?:subscription|newsletter|mailings?)\b
    | \b(?:off(?:\s+of)?|out\s+of)\s+(?:your|this|these|whatever|all)\s+(?:\w+\s+){{0,2}}?(?:lists?|sheet|database|newsletter|mailings?|emails?|distribution)\b
    | \b(?:do\s+not|don't)\s+(?:accept|take|want|allow|welcome)\s+(?:\w+\s+)?(?:unsolicited|sales|marketing|cold|promotional|telemarketing)\b
    | \byou\s+(?:did\s+not|didn't|would\s+not|wouldn't|won't)\s+(?:ever\s+)?{_EN_VERB}(?:\s+{_EN_ME})?{_EN_EVER}
    | \b(?:remove|take|get|drop|delete|strike|scrub|pull)\s+(?:me|us|(?:my|our|this)\s+(?:\w+\s+)?(?:name|number|phone|email|address|data|contact|info\w*|details)(?:\s+address)?)\s+
      (?:off|from|out\s+of)\b(?!\s+(?:the\s+|this\s+|my\s+|our\s+)?(?:polic\w+|title|deed|quote|loan|mortgage|lease|account|contract|offer)\b)
    | \b(?:delete|erase|remove|destroy|purge|wipe)\s+(?:\w+\s+){{0,2}}?(?:my|our)\s+(?:\w+\s+)?(?:data|info|information|details|records?|profile)\b
    | \b(?:everything|anything|all|whatever)\s+you(?:\s+have|'ve\s+got|\s+hold|\s+store)?\s+(?:\w+\s+)?(?:on|about)\s+(?:me|us)\b
    | \b(?:deletion|erasure|removal)\s+of\s+(?:all\s+)?(?:my|our)\b | \bright\s+to\s+be\s+forgotten\b | \b(?:lose|forget)\s+(?:my|this|our)\s+(?:number|email|address)\b
    | \b{_EN_NOT}\s+(?:ever\s+|please\s+)*{_EN_VERB}(?:\s*(?:,|/|or|and|nor)\s*{_EN_VERB})*(?:\s+{_EN_ME})?{_EN_EVER}
    | \b{_EN_NOT}\s+(?:ever\s+|please\s+)*{_EN_VERB}(?:\s*(?:,|/|or|and|nor)\s*{_EN_VERB})*\s+(?:me|us|here|this\s+(?:number|line|address|office))\b{_EN_LATER}
    | \b{_EN_NOT}\s+(?:ever\s+|please\s+)*{_EN_VERB}(?:\s*(?:/|or|and|nor)\s*{_EN_VERB})*\s*(?:[.!;]|$)
    | \b{_EN_NOT}\s+(?:ever\s+)?send\s+(?:me\s+|us\s+)?(?:any(?:thing|\s+(?:more|further|other))?|more|your|further|these|such|{_EN_NOUN})\b
    | \b(?:do\s+not|don't|no\s+longer|never|not|nor|wouldn't)\s+(?:\w+\s+){{0,2}}?(?:want|wish|care|like|need|agree|consent|expect)\s+(?:to\s+)?
      (?:(?:ever\s+|keep\s+|continue\s+)?(?:receiv\w+|get|getting)\s+(?:\w+\s+){{0,4}}?(?:{_EN_NOUN}|anything|stuff|things)\b
        |(?:ever\s+)?hear(?:ing)?\s+(?:\w+\s+){{0,2}}?from\b|be(?:ing)?\s+(?:contacted|called|emailed|texted|messaged|bothered|phoned|solicited|on\s+(?:your|this|any)))
    | \b(?:do\s+not|don't|no\s+longer)\s+(?:want|need|wish)\s+(?:for\s+)?(?:your|any|any\s+more|these|those|more|further|all\s+these|all\s+this)\s+(?:\w+\s+){{0,2}}?{_EN_NOUN}\b
    | \brather\s+not\s+(?:be\s+(?:contacted|called|emailed|texted)|receive|get\s+(?:\w+\s+){{0,2}}{_EN_NOUN}|hear)
    | \bno\s+(?:more|further|longer\s+any)\s+(?:\w+\s+)?{_EN_NOUN}\b | ^\s*no\s+{_EN_NOUN}(?:\s+(?:or|and)\s+{_EN_NOUN})?(?:\s+please)?\s*[.!]*\s*$
    | \benough\s+(?:with|of)\s+(?:\w+\s+){{0,2}}?{_EN_NOUN}\b
    | \bleave\s+(?:me|us)\s+(?:alone|be|in\s+peace)\b
    | \b(?:withdraw|revok|rescind|retract|cancel)\w*\s+(?:\w+\s+){{0,2}}?(?:consent|permission|authori[sz]ation|opt-?\s?in|subscription)\b
    | \b(?:do\s+not|don't|never|did\s+not|didn't|no\s+longer)\s+(?:have|g[ai]ve|given|grant)\s+(?:\w+\s+){{0,4}}?(?:consent|permission|authori[sz]ation)\b
    | \b(?:contact|call|email|text|messag|writ|sent|send)\w*\s+(?:\w+\s+){{0,4}}?without\s+(?:my|our)\s+(?:consent|permission)\b
    | \b(?:never|did\s+not|didn't)\s+(?:subscribe\w*|opt(?:ed)?\s+in|sign(?:ed)?\s+up|agree\w*)\s+(?:to|for)\s+(?:this|these|your|any|get|receive|be)\b
    | \b(?:national\s+)?do\s*[-]?not[\s-]*call\s+(?:registry|list|register)\b | \bdnc\b
    | \b(?:this|it)\s+is\s+(?:spam|harassment)\b | \b(?:mark|report|flag)\w*\s+(?:\w+\s+){{0,3}}?as\s+(?:spam|junk)\b | \b(?:i'll|i\s+will|i'm|i\s+am|am)\s+report(?:ing)?\s+you\b
"""
"""Ceasing x contacting, not x contacting, removing x me, withdrawn consent."""

_ES_NOUN = r"(?:correos?|emails?|mails?|mensajes?|mensajitos?|llamadas?|sms|textos?|whatsapps?|publicidad|propaganda|spam|promociones|ofertas|comunicaciones|notificaciones|boletin(?:es)?)"
_ES_ASK = r"(?:escrib(?:a|an|as)|llam(?:e|en|es)|contact(?:e|en|es)|mand(?:e|en|es)|envi(?:e|en|es)|molest(?:e|en|es)|marqu(?:e|en|es)|busqu(?:e|en|es)|insist(?:a|an|as)|habl(?:e|en|es)|acos(?:e|en|es))"
_ES_INFINITIVE = r"(?:escribir|llamar|molestar|enviar|mandar|contactar|insistir|marcar|acosar|buscar|hablar|estar\s+(?:llam|mand|envi|molest|contact|acos)ando|estar\s+(?:escribiendo|insistiendo))(?:me|nos|les)?"
_ES_LATER = r"(?!\s*,?\s*(?:el|la|los|las|un|una|ese|esa|esos|esas|eso|esto|este|esta|estos|hoy|ahora|ahorita|manana|todavia|aun|antes|despues|hasta|entre|por\s+la|por\s+las|en\s+la|en\s+las|al|a\s+la|a\s+esta|tan|tarde|temprano|si|mejor|pero|sin|con|cuando|mientras|durante)\b)"

SPANISH: Final = rf"""
    ^\s*(?:baja|alto|parar|basta|cancelar)\s*[.!]*\s*$
    | \b(?:da|dar|de|den|des|dad)(?:me|nos)\s+(?:ya\s+)?de\s+baja\b | \b(?:me|nos)\s+(?:den|da|das|des|doy|dan|puede\w*\s+dar|quiero\s+dar|gustaria\s+dar)\s+de\s+baja\b
    | \b(?:solicit\w+|pid\w+|tramit\w+|quier\w+)\s+(?:la|mi)\s+baja\b | \bdesuscri\w+ | \bcancel(?:ar|en|e|o)\s+(?:la\s+|mi\s+|nuestra\s+)?suscripcion\b
    | \b(?:saqu|sac|quit|elimin|borr|remov|remuev|retir|exclu)\w{{0,6}}(?:me|nos)\s+(?:ya\s+|por\s+favor\s+)?del?\b
    | \b(?:borr|elimin|suprim|quit|saqu|retir)\w{{0,5}}\s+(?:ya\s+)?(?:todos\s+|toda\s+)?(?:mis|nuestros|mi)\s+(?:datos|numero|correo|informacion|telefono|contacto|nombre)\b
    | \b(?:eliminacion|supresion|cancelacion|borrado)\s+de\s+(?:todos\s+)?mis\s+datos\b
    | \bno\s+(?:me|nos)\s+{_ES_ASK}\s+(?:\w+\s+)?(?:mas|nunca|jamas|otra\s+vez|nada)\b | \bya\s+no\s+(?:me|nos)\s+{_ES_ASK}\b{_ES_LATER}
    | \b(?:no|nunca|jamas)\s+(?:me|nos)\s+{_ES_ASK}\b{_ES_LATER}
    | \b(?:no|nunca|jamas)\s+(?:(?:me|nos)\s+)?(?:vuelv(?:a|an|as)|sig(?:a|an|as)|continue[ns]?)\s+(?:a\s+)?(?:{_ES_INFINITIVE}|escribiendo|llamando|mandando|enviando|molestando|contactando|insistiendo)
    | \bno\s+(?:quier\w+|quisier\w+|dese\w+|autori[zc]\w+|permit\w+|acept\w+|consient\w+)\s+(?:mas\s+)?que\s+(?:me|nos)\s+(?:(?:vuelvan?|sigan?|esten?)\s+(?:a\s+)?)?(?:{_ES_ASK}|{_ES_INFINITIVE}|llamando|escribiendo|mandando|enviando)\b
    | \bno\s+(?:quier\w+|quisier\w+|dese\w+|me\s+interesa|nos\s+interesa)\s+(?:seguir\s+)?(?:recibi\w+|ser\s+contactad\w+)\b
    | \bno\s+(?:quier\w+|dese\w+)\s+(?:\w+\s+)?(?:mas\s+)?{_ES_NOUN}\b
    | \bdej(?:en|e|a|ad|ar|es)\s+(?:ya\s+)?de\s+{_ES_INFINITIVE}\b | \bdej(?:en|e|a|ad|es)(?:me|nos)\s+(?:ya\s+)?(?:en\s+paz|tranquil\w+)\b
    | \b(?:basta\s+(?:ya\s+)?de|no\s+mas|paren\s+(?:de|con)|suficientes?|ya\s+estuvo\s+de)\s+(?:\w+\s+){{0,2}}?(?:{_ES_NOUN}|{_ES_INFINITIVE})\b
    | \bno\s+(?:quier\w+|queremos)\s+saber\s+(?:\w+\s+){{0,2}}de\s+(?:ustedes|vosotros|usted|su)\b | \bsalir\s+de\s+(?:su|la|esta|esa)\s+(?:lista|base)\b
    | \b(?:retir\w+|revoc\w+)\s+(?:mi|el)\s+(?:consentimiento|autorizacion|permiso)\b | \bno\s+(?:les?\s+)?(?:doy|di|he\s+dado)\s+(?:mi\s+)?(?:permiso|consentimiento|autorizacion)\b
"""
"""The same crosses in Spanish; asking forms only, so that "no me llamo nadie" is none."""

_FR_NOUN = r"(?:sms|mails?|emails?|courriels?|messages?|appels?|pubs?|publicites?|newsletters?|spams?|relances?)"
_FR_STEM = r"(?:appel|ecri|contact|envoy|derang|relanc|sollicit|harcel|spam|embet)\w*"

FRENCH: Final = rf"""
    \bdes(?:inscri|abon+)\w*
    | \bne\s+(?:m'|me\s+|nous\s+)?(?:\w+\s+){{0,2}}?{_FR_STEM}\s+(?:\w+\s+){{0,2}}?(?:plus|jamais)\b | \bm'(?:appelez|ecrivez|envoyez)\s+(?:plus|jamais)\b
    | \bne\s+(?:veux|voulons|souhaite|souhaitons|desire|desirons)\s+(?:plus|pas)\s+(?:recevoir|etre\s+(?:contact|appel|sollicit|derang|relanc)\w*|que\s+vous\s+(?:me|m'|nous)|(?:de\s+)?vos\s+{_FR_NOUN}|de\s+{_FR_NOUN}|entendre)
    | \b(?:arret|cess)\w*\s+de\s+(?:m'|me\s+|nous\s+)?{_FR_STEM} | \b(?:arretez|cessez|stop)\s+(?:avec\s+|a\s+|aux\s+)?(?:vos|ces|les|les)?\s*{_FR_NOUN}\b
    | \b(?:supprim|effac|retir|enlev|ray|ot|sort)\w*[\s-]+(?:moi|nous)\b | \b(?:supprim|effac|retir|enlev)\w*\s+(?:toutes\s+)?(?:mes|mon|nos|notre)\s+(?:donnees|coordonnees|informations|numero|adresse|email|mail|nom)\b
    | \b(?:suppression|effacement)\s+de\s+mes\s+donnees\b
    | (?:^|[.!?]\s*)(?:plus\s+de|assez\s+de|marre\s+de|ras\s+le\s+bol\s+de)\s+(?:vos\s+|ces\s+)?{_FR_NOUN}\b
    | \b(?:retire|revoque)\s+mon\s+(?:consentement|accord)\b | \b(?:laissez|fichez|foutez)[\s-]*(?:moi|nous)\s+(?:tranquilles?|(?:en|la)\s+paix)\b | \bsortir\s+de\s+(?:votre|cette)\s+liste\b
"""
"""The same crosses in French."""

_DE_NOUN = r"(?:emails?|mails?|nachrichten|anrufe|sms|werbung|newsletter|werbemails|post|kontaktaufnahmen?)"
_DE_VERB = r"(?:ruf|schreib|kontaktier|send|schick|belastig|mail|stor|behellig)\w*"

GERMAN: Final = rf"""
    ^\s*(?:bitte\s+)?(?:abmelden|abmeldung|abbestellen|austragen|loschen|stopp?)\s*(?:bitte)?\s*[.!]*\s*$ | \babbestell\w* | \baustragen\b
    | \bmeld\w*\s+(?:sie\s+)?(?:bitte\s+)?(?:mich|uns)\b[^.!?]{{0,40}}\bab\b | \b(?:mich|uns)\b[^.!?]{{0,40}}\b(?:abmelden|abzumelden)\b | \b(?:vom|von\s+dem|aus\s+dem)\s+(?:newsletter|verteiler)\b[^.!?]{{0,20}}\b(?:ab|abmelden|entfernen|streichen|loschen)\b
    | \b(?:nehm|streich|losch|entfern|trag)\w*\s+(?:sie\s+)?(?:bitte\s+)?(?:mich|uns|(?:alle\s+)?mein\w*\s+(?:\w+\s+)?(?:daten|nummer|adresse|emails?|email-?adresse|mailadresse|telefonnummer|name\w*|kontaktdaten))\b
    | \b(?:mein\w*\s+)(?:\w+\s+)?(?:daten|nummer|adresse|email-?adresse)\b[^.!?]{{0,30}}\b(?:zu\s+)?(?:loschen|entfernen)\b
    | \bhor(?:en|t)?\b[^.!?]{{0,25}}\bauf\b[^.!?]{{0,20}}\b(?:mich|mir|uns|anzuruf\w*|zu\s+{_DE_VERB}) | \b{_DE_VERB}\s+(?:sie\s+)?(?:bitte\s+)?(?:mich|mir|uns|hier)\b[^.!?]{{0,20}}\b(?:nicht\s+mehr|nie\s+(?:wieder|mehr)|nichts\s+mehr|keine)\b
    | \b(?:nicht\s+(?:mehr|langer|weiter)|nie\s+(?:wieder|mehr))\s+(?:\w+\s+)?(?:angerufen|kontaktiert|angeschrieben|belastigt|gestort|anrufen|schreiben|kontaktieren|von\s+ihnen\s+horen)\b
    | \bkeine\s+(?:weitere[nr]?\s+){_DE_NOUN}\b | \bkeine\s+(?:\w+\s+)?{_DE_NOUN}\s+(?:\w+\s+){{0,2}}?(?:mehr|bitte)\b | ^\s*(?:bitte\s+)?keine\s+{_DE_NOUN}\b
    | \bwiderruf\w*\b[^.!?]{{0,30}}\b(?:einwilligung|zustimmung|einverstandnis)\b | \b(?:einwilligung|zustimmung)\b[^.!?]{{0,30}}\bwiderruf\w* | \blass\w*\s+(?:sie\s+)?(?:mich|uns)\s+(?:\w+\s+)?in\s+ruhe\b
"""
"""The same crosses in German, verbs before and after their object."""

_PT_NOUN = r"(?:mensage(?:m|ns)|emails?|ligac(?:ao|oes)|sms|propagandas?|spam|anuncios?|contatos?|chamadas?|marketing|promocoes|publicidade)"
_PT_ASK = r"(?:mand(?:e|em|es)|envi(?:e|em|es)|lig(?:ue|uem|ues)|contat(?:e|em)|contact(?:e|em)|escrev(?:a|am)|incomod(?:e|em)|procur(?:e|em)|perturb(?:e|em))"
_PT_LATER = r"(?!\s*,?\s*(?:o|a|os|as|um|uma|esse|essa|isso|hoje|agora|amanha|ainda|antes|depois|ate|entre|de\s+manha|a\s+noite|na|no|nas|nos|se|mas|cedo|tarde|sem|quando|enquanto)\b)"

PORTUGUESE: Final = rf"""
    \bdescadastr\w+ | \bdesinscrev\w+ | \bcancel(?:ar|em|e|o)\s+(?:a\s+)?(?:minha\s+)?(?:inscricao|assinatura|subscricao|cadastro)\b
    | \bpar(?:e|em|a|ar)\s+de\s+(?:me\s+|nos\s+)?(?:ligar|mandar|enviar|escrever|contatar|contactar|incomodar|perturbar|encher|procurar)
    | \bnao\s+(?:me\s+|nos\s+)?{_PT_ASK}\s+(?:\w+\s+)?(?:mais|nada|nunca)\b | \b(?:nao|nunca)\s+(?:me|nos)\s+{_PT_ASK}\b{_PT_LATER} | \bnao\s+{_PT_ASK}\s+mais\b
    | \b(?:nao|nunca)\s+(?:quer\w+|desej\w+|gostaria\s+de)\s+(?:mais\s+)?(?:receber|ser\s+conta\w+|que\s+me\s+{_PT_ASK}|mais\s+{_PT_NOUN}|saber\s+de\s+voces)
    | \b(?:me|nos)\s+(?:tir|remov|retir|exclu)\w*\s+(?:d[aoe]s?|dess[ae]s?|dest[ae]s?|desta)\b | \b(?:tir|remov|retir|exclu)\w*-(?:me|nos)\b
    | \b(?:remov|apag|exclu|elimin|delet|tir|retir)\w*\s+(?:por\s+favor\s+)?(?:todos\s+)?(?:os?\s+|as?\s+)?(?:meus?|minhas?|nossos?)\s+(?:dados|emails?|numero|contatos?|telefone|informac\w+|nome|cadastro)\b
    | \b(?:chega|basta)\s+de\s+(?:\w+\s+)?(?:{_PT_NOUN}|ligar|mandar|enviar) | \b(?:revogo|retiro)\s+(?:o\s+)?(?:meu\s+)?consentimento\b | \bme\s+deix\w+\s+em\s+paz\b | \bsair\s+d(?:a|e|essa|esta)\s+(?:sua\s+)?lista\b
"""
"""The same crosses in Portuguese."""

OPT_OUT: Final = re.compile(f"{ENGLISH}|{SPANISH}|{FRENCH}|{GERMAN}|{PORTUGUESE}", re.VERBOSE)
"""Any refusal; for tidied text."""

COMMAND: Final = re.compile(
    r"(?:please\s+|just\s+)*(?:quit|end|cancel|enough|no\s+more|go\s+away|get\s+lost|buzz\s+off|back\s+off|unsubscribe|arret"
    r"|(?:stop(?:\s*all)?|remove(?:\s+(?:me|us|this\s+number))?|delete\s+me)(?:\s+(?:it|this|that|already|everything))?)"
    r"(?:\s+(?:please|now|right\s+now|all))*"
)
"""A sentence that is nothing but a command to stop."""
