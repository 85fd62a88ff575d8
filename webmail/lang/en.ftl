# The same keys as vi.ftl.
brand = Official mail
brand-long = Official mail service
about = Official mail and assigned documents, {$x}
skip = Skip to content
offline = You are offline. What you are writing is kept on this device.
undo = Undo
nav-main = Main sections
nav-mail = Mail
nav-assigned = Assigned
nav-more = More
compose = Compose
unread-mark = New
files-count = { $n ->
    [one] {$x} file
   *[other] {$x} files
 }
flagged = Important
answered = Answered
search = Search mail
search-label = Search in your mail
search-hint = Sender, number, subject
search-button = Find
filter = Filter
filter-all = All
filter-unread = Unread
older = Older letters
newest = Newest letters
empty-mailbox = This mailbox is empty.
empty-unread = No unread letters.
sign-in = Sign in
user-name = User name
user-name-hint = For example: lan.nt or lan.nt@{$x}
password = Password
forgot = Forgotten password
have-code = Enter a one-time code
sign-in-wrong = The user name or the password is not right. Check Caps Lock and your keyboard language and try again, or use “Forgotten password”.
sign-in-later = Too many wrong attempts. { $n ->
    [one] Try again in {$x} minute
   *[other] Try again in {$x} minutes
 }, or use “Forgotten password”.
sign-in-disabled = This account is locked. Call your unit's administrator to have it opened again.
fault-title = That did not work
fault-sign-in = You need to sign in
fault-not-found = This page or letter was not found
fault-not-allowed = You do not have the right to do this
fault-over-limit = The mailbox is full or a limit was passed
fault-stale = This page is out of date or the session has changed
fault-bad = What was sent could not be used
fault-too-large = The letter or a file is too large
fault-too-many = Too many requests
fault-later = The server is busy
fault-broken = The server failed
fault-nothing-changed = Nothing was changed.
fault-noted = The failure was noted for the administrators.
fault-do-sign-in = Sign in and try again.
fault-do-home = The letter may have been moved or deleted elsewhere. Go back to your mail.
fault-do-ask = Ask your unit's administrator.
fault-do-clean = Delete letters with large files, empty the Trash, or call the administrator.
fault-do-reload = Go back, reload the page and try again.
fault-do-back = Go back and check what you entered.
fault-do-smaller = Go back and remove files, or send several letters.
fault-do-wait = Wait a few seconds and try again.
fault-do-call = Try again; if it fails again, call your unit's administrator.
to-inbox = To your mail
whom-to-call = Whom to call for help
no-sender = (unknown sender)
no-subject = (no subject)
no-recipient = (no recipient yet)
to-whom = To: {$x}
mailbox-inbox = Received
mailbox-drafts = Drafts
mailbox-sent = Sent
mailbox-junk = Junk
mailbox-trash = Trash
mailbox-archive = Archive
urgency-0 = Ordinary
urgency-1 = URGENT
urgency-2 = VERY URGENT
urgency-3 = IMMEDIATE
urgency-4 = IMMEDIATE, TIMED
flash-sent = The letter was sent.
flash-draft-saved = The draft was saved.
flash-trashed = The letter was moved to the Trash.
flash-deleted = The letter was deleted for ever.
flash-moved = The letter was moved.
flash-archived = The letter was archived.
flash-junked = The letter was moved to Junk.
flash-not-junk = The letter was moved back to your received mail.
flash-undone = The action was undone.
flash-unread = The letter was marked unread.
flash-flagged = The letter was marked important.
flash-unflagged = The letter is no longer marked important.
flash-acknowledged = Receipt was acknowledged. Whoever assigned the document will know.
flash-language = The language is now English.
flash-password-changed = The password was changed.
flash-signed-out = You are signed out.
flash-app-revoked = The app password was revoked.
flash-approved = Approved. The one-time code can be used now.
flash-recovered = The new password is set. Other devices were signed out.
flash-session-ended = The session has ended. Sign in again.
delivery-status = Delivery status
from = From
to = To
cc = Copy (Cc)
bcc = Hidden copy (Bcc)
time = Time
subject = Subject
and-more = { $n ->
    [one] and {$x} other
   *[other] and {$x} others
 }
pictures-blocked = { $n ->
    [one] {$x} picture from the Internet was
   *[other] {$x} pictures from the Internet were
 } not loaded, so that the sender cannot track you.
html-too-much = This letter's layout is too complex, so only its text is shown.
coding-unsure = The letter uses an old character coding; some letters may be wrong. The original is kept as it is.
view = View
view-reader = Reader view
view-original = Original view
original-below = The original of the letter is shown in the frame above, as its sender laid it out.
quoted = Quoted text
no-text = The letter has no text.
text-cut = The letter is very long; only its beginning is shown.
download-source = Download the original letter
attachments = { $n ->
    [one] {$x} attachment
   *[other] {$x} attachments
 }
download = Download
download-named = Download {$x}
reply = Reply
reply-all = Reply to all
forward = Forward
delete = Delete
restore = Restore
other-acts = Other actions
mark-unread = Mark as unread
flag = Mark as important
unflag = Not important
archive = Move to Archive
junk = This is junk
not-junk = This is not junk
delete-for-ever = Delete for ever
move-to = Move to
move = Move
back-to-letter = Back to the letter
recipients-count = { $n ->
    [one] {$x} recipient
   *[other] {$x} recipients
 }
fix-and-resend = Correct and send again
fate-delivered = Delivered to the mailbox
fate-junk = Delivered to the recipient's Junk
fate-accepted = Accepted by the other server
fate-queued = Waiting to be sent
fate-sending = Being sent
fate-deferred = Delayed, will be tried again
fate-bounced = Returned
fate-rejected = Refused
fate-read = Read
fate-unknown = Not known yet
fate-note = For recipients elsewhere we only know whether their server has accepted the letter.
draft-kept = The letter was not sent. Your text is still below.
unclear-name = It is not clear who “{$x}” is.
unclear-do = Type the full address, or copy one of the lines above into the recipient field.
outside-count = { $n ->
    [one] {$x} recipient is
   *[other] {$x} recipients are
 } outside the province
outside-do = Check the addresses. If they are right, press “Send anyway”.
send-from = Send from
to-hint = Names or addresses, separated by commas
cc-bcc = Copy, hidden copy
text = Text
kept-files = Files attached already
attach = Attach files
attach-hint = Up to {$x} for the whole letter
urgency = Urgency
uploading = Uploading
send = Send the letter
send-anyway = Send anyway
save-draft = Save as draft
saved-at = Draft saved at {$x}
wrote = On {$x}, {$y} wrote:
forwarded-letter = Forwarded message
unsendable-nobody = There is no recipient. Enter at least one.
unsendable-unknown = These addresses do not exist in the province: {$x}. Check the spelling.
unsendable-malformed = These addresses are not written correctly: {$x}.
unsendable-too-large = The letter is too large. Remove files or send several letters.
unsendable-too-many = There are too many recipients. Use a distribution list.
unsendable-not-as = You may not send from this mailbox.
found = { $n ->
    [one] Found {$x} letter with “{$y}”
   *[other] Found {$x} letters with “{$y}”
 }
previous = Previous page
next = Next page
search-help = How to search:
search-help-marks = Diacritics may be left out: “de bien” finds “đê biển”.
search-help-from = By sender: from:lan. By number: 2045/VP-HC.
search-help-date = By date: after:01/11/2026 before:20/11/2026.
search-help-files = Only letters with files: has:file.
assigned = Assigned documents
assigned-one = A document assigned to you
assigned-open = Waiting
assigned-overdue = Overdue
assigned-due-soon = Due soon
assigned-empty = There are no documents here.
accounts = Mailboxes of
open-document = Open the document
overdue-today = OVERDUE today
overdue-days = { $n ->
    [one] OVERDUE by {$x} day
   *[other] OVERDUE by {$x} days
 }
due-today = DUE today, {$x}
due-days = { $n ->
    [one] {$x} DAY LEFT
   *[other] {$x} DAYS LEFT
 }
due-at = Due {$x}
deadline = Deadline
role = Role
role-lead = Lead
role-coordinate = Support
role-inform = For information
role-oversee = Oversight
assigned-by = Assigned by
assigned-at = Assigned at
issuer = Issuing body
issued-on = Date of issue
state = State
state-new = Not seen
state-seen = Seen
state-acknowledged = Acknowledged
state-recalled = Recalled
state-completed = Completed
state-superseded = Superseded
state-reassigned = Given to somebody else
source = Source
instruction = Instruction
note = Note
acknowledge = Acknowledge receipt
forgot-what = Your unit's administrator gives your account back on the spot, in a few minutes. Send no papers by mail or chat.
forgot-1 = See or call your unit's administrator (records clerk or IT officer).
forgot-2 = Get a one-time code: scan the QR code with your phone or type the code on this page.
forgot-3 = Set a new password yourself. The administrator does not learn it and cannot read your mail.
call = Call {$x}
help-desk = Help desk of the province
back-to-sign-in = Back to the sign-in page
code = One-time code
code-hint = Capitals and dashes do not matter
continue = Continue
slip-not-valid = The code is wrong, used or expired. Nothing was changed. Check the code or ask the administrator for a new one.
slip-not-approved = This code still waits for a second approver. Ask the administrator, then open the page again.
new-password = New password
slip-for = Set a new password for {$x}
password-rules = At least 8 characters, the longer the better; a few words you remember well are good. Not your name, nothing easy to guess.
password-again = New password once more
save-and-enter = Save and enter
slip-ends = When you save, every signed-in device and every old app password ends.
passwords-differ = The two new passwords differ. Nothing was changed. Enter them again.
password-wrong-old = The current password is not right. Nothing was changed.
password-too-short = The new password is too short. Use a longer one, for example three or four words.
password-too-common = The new password is easy to guess. Choose another.
password-holds-name = The new password holds your name or address. Choose another.
admin = Unit administration
admin-units = You administer: {$x}
admin-no-mail = Administrators cannot read other people's mail. Everything done here is recorded.
find-person = Name, staff number or address
people-found = { $n ->
    [one] Found {$x} person with “{$y}”
   *[other] Found {$x} people with “{$y}”
 }
person-disabled = LOCKED
person-dormant = DORMANT
waiting-approvals = Codes waiting for approval
waiting-what = Codes for leaders, clerks, administrators and unit mailboxes need a second approver.
waiting-empty = No code waits for approval.
made-by-at = Made by {$x} at {$y}
approve = Approve
audit = Audit log
audit-what = Who did what with the unit's accounts, newest first.
audit-empty = Nothing yet.
audit-slip-make = Made a one-time code
audit-slip-approve = Approved a one-time code
audit-slip-use = Used a code, set a new password
audit-password = Changed the password
audit-disable = Locked the account
audit-enable = Unlocked the account
audit-add = Added an account
address = Address
job-title = Title
unit = Unit
staff-no = Staff number
phone = Phone
last-seen = Last sign-in
never-seen = Never signed in
slip = One-time sign-in code
slip-before = Check the person's photo document first. The code works once and ends after 15 minutes.
slip-two = This account needs a second approver.
slip-make = Make a one-time code
slip-wait-second = The code cannot be used yet: another administrator must approve it.
slip-qr = QR code that opens the password page on a phone
slip-scan = The person scans the QR code with the phone's camera and sets a new password.
slip-or-type = Or opens the mail page, chooses “Enter a one-time code” and types:
slip-until = Use it before {$x}
slip-once = The code is shown only now. If it is lost, make another; the old one ends.
print = Print
done = Done
mailboxes = All mailboxes
letters-count = { $n ->
    [one] {$x} letter
   *[other] {$x} letters
 }
quota = {$x} of {$y} used
notifications = Notices
change-password = Change the password
programs = App passwords
devices = Signed-in devices
help = Help
helper-unknown = Ask your unit's records clerk or IT officer.
lang-vi = Tiếng Việt
lang-en = English
sign-out = Sign out
old-password = Current password
save = Save
program-unnamed = Unnamed
programs-what = Each mail program (Outlook, Thunderbird, a phone) gets a password of its own. If a device is lost, revoke its password; your own stays.
program-secret = The new app password:
program-secret-once = It is shown only now. Enter it in the mail program at once.
program-name = Program or device
program-example = For example: Outlook in the office
program-add = Make an app password
made-at = Made {$x}
used-at = last used {$x}
revoke = Revoke
revoke-named = Revoke the password of {$x}
this-device = This device
signed-in-until = Signed in until {$x}
devices-notified = Devices that get notices
since = Since {$x}
sign-out-all = Sign out everywhere
sign-out-all-what = Use this when a phone is lost or you forgot to sign out on a shared PC. This device is signed out too.
notifications-what = Your phone tells you at once when a letter or a document arrives, without opening the page.
notifications-off = The server does not send notices yet. Ask the administrator.
notify-needs-script = This browser has JavaScript switched off, so it cannot get notices.
notify-on = GETS notices
notify-off = Gets no notices
notify-blocked = The browser blocks notices from this page. Open the page settings (lock icon), allow notifications, then reload.
notify-none = This browser cannot get notices. Use Chrome, Cốc Cốc, Firefox or Edge.
notify-failed = It could not be turned on: the notice service was not reached. Try again when online.
notify-turn-on = Turn notices on
notify-turn-off = Turn notices off
notify-stop-named = Turn notices off on {$x}
notify-test = Send a test
notify-privacy = The lock screen shows only a count, neither sender nor text.
test-sent = { $n ->
    [one] A test was sent to {$x} device.
   *[other] A test was sent to {$x} devices.
 }
help-search = Finding letters
help-notify = Notices on your phone
help-notify-android = Android: open More, Notices, press “Turn notices on” and choose Allow.
help-notify-iphone = iPhone (iOS 16.4 or later): in Safari press Share, choose “Add to Home Screen”, open the new icon and turn notices on.
help-programs = Using a mail program
help-programs-what = Mail programs configure themselves from the address. The password is an app password.
offline-title = No network
offline-what = This page is not kept on the device and cannot be opened offline. Letters read lately can be.
try-again = Try again
unsendable-full = The mailboxes of these recipients are full: {$x}. Tell them or write to somebody else.
trace = Where is my mail?
trace-what = The way of letters to you or from you: when our server took them, which mailbox they went to, why they were refused.
trace-who = Address of the sender or recipient
trace-none = No letter with this address was seen: it has not reached our server. Check the spelling, or ask the sender whether an error report came back.
trace-quarantined = Quarantined
reports = Reports from other mail systems
reports-what = Other providers (Google, Microsoft, …) send these daily: encrypted connections to our servers (TLS) and letters in our domains' name (DMARC).
reports-empty = No report in the last 30 days.
reports-tls = Encryption
reports-dmarc = Letters in the domain's name
reports-good = In order { $n }
reports-bad = Failed { $n }
reports-unproven = The reporter could not be verified
report-no-starttls = no encryption (STARTTLS)
report-host-mismatch = certificate for another host name
report-expired = certificate expired
report-not-trusted = certificate not trusted
report-validation = encryption check failed
report-sts-fetch = MTA-STS policy could not be fetched
report-sts-invalid = MTA-STS policy is wrong
report-tlsa = TLSA record is wrong
