"""What mail servers say: for each class of bounce, the phrases by which it is known.

Order carries meaning: the first phrase that is found decides. What is about us comes before what is about the
recipient, since "sender address rejected: user unknown" is about us; what is specific comes before what is general.
So a class may come more than once. One phrase a line, each a regular expression in lower case; a word in angle
brackets stands for any of its list in `phrases.WORDS`.
"""

from __future__ import annotations

from mailer.bounces.bounceclass import BounceClass

PHRASEBOOK: tuple[tuple[BounceClass, str], ...] = (
    (
        BounceClass.SENDER_BLOCK,
        r"""
        reverse dns
        \bptr\b
        \brdns\b
        reverse (?:hostname|lookup|mapping)
        cannot find your (?:reverse )?hostname
        may not be mail exchanger
        dynamic ip
        (?:dial|dhcp)-?up? (?:pool|host)
        fix your dns
        """,
    ),
    (
        BounceClass.AUTH,
        r"""
        <judged>\w*\W(?:\w+\W+){0,8}(?:dmarc|spf|dkim)\b
        \b(?:dmarc|spf|dkim)\b\W(?:\S+\s+){0,8}(?:<judged>|validat|not |none)
        sender is unauthenticated
        authentication checks? fail
        not authenticated per
        sender policy framework
        must issue a starttls
        requires? tls
        encryption (?:is )?(?:needed|required)
        """,
    ),
    (
        BounceClass.RATE_LIMIT,
        r"""
        gr[ae]y-?list
        too many (?:connections|concurrent|sessions|recipients|messages|mails?|emails|errors from|requests)
        (?:rate|frequency|connection|volume|hourly|daily|sending|throughput) ?limit
        throttl
        unexpected volume
        unusual rate
        receiving (?:e-?)?mail (?:at a rate|too quickly)
        sen[dt](?:ing)? (?:too many|too fast|too much|messages too)
        exceeded (?:the )?(?:maximum )?(?:number of|rate)
        limit exceeded for
        frequency limited
        try again (?:in|after) \d+ (?:sec|min)
        deferred due to
        """,
    ),
    (
        BounceClass.SENDER_BLOCK,
        r"""
        spamhaus
        spamcop
        barracudacentral
        proofpoint
        cloudmark
        sorbs
        uceprotect
        senderscore
        \b[rd]n?s?bl\b
        real-?time block
        """,
    ),
    (
        BounceClass.SPAM_CONTENT,
        r"""
        (?:blacklisted|blocked|listed) (?:url|uri|link|domain in)
        (?:url|uri|link)s? (?:\w+ ){0,3}(?:blacklist|blocklist|listed)
        """,
    ),
    (
        BounceClass.SENDER_BLOCK,
        r"""
        block(?:ed)? ?list
        black-?list
        deny ?list
        blocked (?:using|by|for|due|because|-|since|as)
        (?:message|mail|ip|address|host|you|connection)s? (?:\S+ )?ha(?:s|ve) been blocked
        (?:is|are|was|were|been|temporarily) (?:blocked|banned|black)
        blocked ip
        ip (?:address )?(?:\S+ )?(?:is |was |has been )?(?:blocked|listed|rejected|banned|refused)
        banned (?:sending )?ip
        is listed (?:in|on|at|by)
        (?:poor|bad|low|ip|domain|sender|network) reputation
        reputation of
        client host rejected
        access (?:to|from) (?:this|your) (?:server|system|host|ip|network)
        (?:host|network|server|client|ip)\W(?:\S+\s){0,3}(?:not allowed|not permitted|denied|refused|rejected)
        refused to talk
        no smtp service
        bloquee
        (?:service|connection) (?:refused|refuse|rejected|denied)[. ](?!by)
        connect(?:ion)?s? (?:not accepted|refused|rejected|denied) (?:from|for|due)
        does not accept (?:mail|connections) from
        not accepting mail from
        sender (?:address |domain |verify |verification |ip |host )?(?:was |is |has been )?<not_taken>
        (?:invalid|bad|unknown|unverified|unresolvable|unauthori[sz]ed|forged|illegal) (?:sender|return.path|mail ?from)
        domain of (?:the )?sender
        sender'?s? (?:domain|address|host)
        mail ?from (?:domain|address|must)
        after mail from
        \bmail_from\b
        """,
    ),
    (
        BounceClass.SPAM_CONTENT,
        r"""
        \bspam\b
        \bube\b
        \bucabe?\b
        unsolicited
        junk ?mail
        \bbulk mail
        virus
        malware
        phish
        infected
        trojan
        content (?:was |is |has been )?(?:rejected|denied|blocked|filter)
        message content
        looks? like spam
        high(?:ly)? (?:spam )?(?:probab|score|suspicious)
        blacklisted url
        suspicious (?:content|url|link)
        """,
    ),
    (
        BounceClass.POLICY,
        r"""
        (?:relay|relaying)\b.{0,20}(?:denied|not|prohibit|refus|disallow)
        (?:unable|no|cannot|not (?:permitted|allowed)|denied|prohibited|refused|do not|don't) (?:to )?relay
        no relaying
        not local host
        email address is not verified
        (?:domain|host) (?:\S+ )?(?:isn't|is not|not) (?:in my list|allowed to be relayed|in (?:the )?list of)
        <mail>s? ?(?:header |length |size )?(?:is |are |was |file )?(?:too (?:large|big|long)|exceed\w*|larger than)
        (?:size|length) (?:of \S+ )?(?:limit|exceeds)
        maximum (?:incoming )?(?:message )?size
        exceeds? (?:the )?(?:fixed |server )?(?:maximum|size)
        too (?:large|big) (?:message|mail|for)
        exceeded maximum inbound message size
        bad line length
        """,
    ),
    (
        BounceClass.RATE_LIMIT,
        r"""
        insufficient (?:system|disk)
        disk full
        no space left
        out of (?:memory|disk)
        system (?:is )?(?:full|storage)
        """,
    ),
    (
        BounceClass.MAILBOX_FULL,
        r"""
        (?:mail)?box(?: \S+)? (?:is |was |has been |temporarily )?(?:almost )?(?:full|over|exceed)
        (?:over|exceed\w*|out of|insufficient|not enough|no) (?:\w+ ){0,3}(?:quota|storage|space|allowed size)
        quota ?(?:has been |is |was )?(?:exceed|full|violat|overdrawn)
        over ?quota
        quotaexceed
        too much mail
        user (?:is |has )?(?:over|full|exceeded)
        full mailbox
        account is (?:over|full|exceeding)
        storage (?:limit|allocation|full)
        (?:disk|maildir|mailfolder|inbox)\W(?:\w+ )?(?:over ?quota|full|exceed)
        boite (?:du destinataire )?pleine
        postfach (?:ist )?voll
        容量
        一杯
        邮箱空间不足
        满
        """,
    ),
    (
        BounceClass.POLICY,
        r"""
        polic(?:y|ies)
        not rfc
        rfc ?\d{3,4}.{0,30}(?:complian|non)
        non-?complian
        compliant
        duplicate header
        header error
        multiple (?:addresses|from|subject|to)\b
        missing (?:header|date|from|subject|message-?id)
        syntax error
        bad (?:sequence|syntax)
        command (?:not|parameter|unrecognized)
        not implemented
        8bit
        smtputf8
        internationali[sz]ed
        media error
        charset
        mime (?:error|violation)
        (?:body|content) (?:type )?not (?:supported|allowed)
        conversion
        loop(?:s|ing)?\b
        too many (?:hops|received)
        (?:smtp )?auth(?:entication)?\b.{0,20}(?:required|is required|needed|failed)
        turn on smtp authentication
        unauthenticated senders
        (?:delivery|sender|you are|message|client) (?:is )?not (?:authori[sz]ed|permitted|allowed)
        access denied(?! \[as)
        message (?:not allowed|refused|rejected as)
        (?:denied|rejected) by (?:our |the )?(?:system|administrat|rule)
        security (?:policy|error|violation)
        """,
    ),
    (
        BounceClass.DEAD_DOMAIN,
        r"""
        null ?mx
        does not accept (?:any )?(?:e-?)?mail
        doesn'?t (?:accept|receive) (?:any )?e?-?mail
        (?:system |host |domain )?(?:does )?not accept(?:ing)? network messages
        is not accepting any
        no valid mx\b
        domain takes no mail
        (?:host|domain|address|server)(?: or domain)?(?: name)? (?:is |was |could )?<nowhere>
        (?:unknown|unroute?able|unresolvable|invalid|illegal|no such|non-?existent) (?:mail )?(?:host|domain|system)
        bad destination (?:mail )?(?:host|domain|system)
        no (?:mx|mail exchanger)
        couldn't find any host
        find a mail exchanger
        name (?:or service )?not known
        nxdomain
        domain name not found
        domain (?:does not|doesn't|no longer) exist
        host ?not ?found
        (?:account|domain) (?:or domain )?may not exist
        all (?:relevant )?mx records point to non-existent
        user's domain
        """,
    ),
    (
        BounceClass.DEAD_ADDRESS,
        r"""
        has moved
        no longer (?:on|at|with|works|working|employed|available|valid|here|exist|a customer)
        not our customer
        (?:address|user|recipient|account)s? (?:has |have |was |were )?(?:been )?<gone>
        new (?:e-?mail )?address
        not collected after
        """,
    ),
    (
        BounceClass.INACTIVE,
        r"""
        (?:<who>|inbox|compte)\W+(?:\w+\W+){0,3}?(?:<be>\W+){0,4}<closed>
        (?:disabled|suspended|inactive|locked|deactivated|frozen|expired) (?:e-?mail )?<who>
        account (?:\w+ )?(?:expired|closed)
        mailbox (?:currently )?(?:disabled|unavailable due)
        停用
        禁用
        冻结
        """,
    ),
    (
        BounceClass.RECIPIENT_FILTER,
        r"""
        recipient preferences
        (?:recipient|user|member) (?:has |have )?<unwilling> (?:\w+ ){0,2}(?:you|mail|message|e-?mail|to)
        not (?:authori[sz]ed|allowed|permitted) to (?:post|send|contact|deliver)
        only (?:accepts|members)
        restricted (?:by|to) (?:recipient|members)
        refused by recipient
        group\W.{0,80}(?:not exist|permission|post)
        群組
        群组
        skupin
        gruppe
        grupo
        groupe
        समूह
        المجموعة
        """,
    ),
    (
        BounceClass.DEAD_ADDRESS,
        r"""
        <who>s?(?: \S+)?(?: name)? ?(?:\(?s?\)?)?(?: or domain)?,? ?(?:<be> |<may> |you <entered>){0,6}<unknown>
        <no_such>(?: \S+)? (?:final delivery )?(?:<kind_of>){0,4}(?:<who>|local part|name|box)
        recipient ?not ?found
        recipnotfound
        address not found
        not listed in (?:public )?name
        matching directory entry
        no matches? to nameserver
        no mailbox (?:here )?by that name
        recipient (?:name )?is not recogni[sz]ed
        not a known user
        (?:mail)?box (?:\S+ )?not found
        no one here
        doesn'?t exist here
        adresse d ?.{0,30}invalide
        destinataire in(?:connu|valide)
        empf[äa]nger.{0,20}unbekannt
        usuario desconocido
        no existe
        utente (?:sconosciuto|non)
        несуществ
        нет такого
        не найден
        ユーザー?が?(?:見つか|不明|存在)
        宛先.{0,10}(?:見つか|存在)
        用户不存在
        找不到
        ディレクトリのリストにありません
        no valid recipients
        requested action not taken: mailbox unavailable
        mailbox (?:is )?(?:unavailable|not available)
        check if (?:the )?address is correct
        address rejected\.?$
        recipient address (?:does not exist|is possibly incorrect)
        e?mail address is possibly incorrect
        """,
    ),
    (
        BounceClass.RECIPIENT_FILTER,
        r"""
        on hold
        recipient error
        recipient address rejected$
        rejected by (?:the )?recipient
        filtered
        """,
    ),
    (
        BounceClass.TRANSIENT,
        r"""
        time(?:d)? ?-?out
        (?:maximum|retry) time
        expired
        too long (?:in|on)\b
        for (?:too|a) long
        in the queue too long
        giving up
        given up
        delivery attempts
        failed \d+ attempts
        aborted after
        queue (?:period|time)
        within \d+\b
        retry timeout
        connection (?:refused|reset|lost|closed|dropped|failed|timed)
        lost connection
        (?:could not|couldn't|unable to|cannot|can't|wasn't able to) (?:connect|establish|be reached|reach)
        no route
        unreachable
        not reachable
        network (?:is )?(?:error|unreachable)
        did not accept our requests to connect
        dns (?:error|query|failure|lookup)
        name (?:service|server)\b
        lookup (?:fail|timed)
        (?:host|server) (?:is )?(?:down|not respond|unavailable)
        no answer
        <machine>\w*\W(?:\w+\W){0,2}(?:error|fail|problem|unavailable|trouble|suspend|busy|lookup)
        (?:try|retry) (?:again )?later
        service (?:not |temporarily |currently |refuse)?\w*available
        service refused
        pipe to
        command (?:failed|died|line usage)
        unable-to-transfer
        could not load
        """,
    ),
)
