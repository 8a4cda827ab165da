<?php
// Settings of a site in Kubernetes, from the environment. What stands here can't be
// changed by administrators; everything else is kept in the database.

require_once('/usr/local/lib/moodle/settings.php');

unset($CFG);
global $CFG;
$CFG = new stdClass();

$CFG->wwwroot = moodle_setting('MOODLE_URL');
// TLS ends at the ingress. Not `reverseproxy`: requests come under the site's own name,
// since Apache sends all others on to it.
$CFG->sslproxy = true;
// The client's address is the connection's, which Apache has from the ingress; headers that
// a client may write itself are passed over (both GETREMOTEADDR_SKIP_… of Moodle).
$CFG->getremoteaddrconf = 3;

$CFG->dbtype = 'mariadb';
$CFG->dblibrary = 'native';
$CFG->dbhost = moodle_setting('MOODLE_DATABASE_HOST');
$CFG->dbname = 'moodle';
$CFG->dbuser = 'moodle';
$CFG->dbpass = moodle_secret('app/database-password');
$CFG->prefix = 'mdl_';
$CFG->dboptions = ['dbcollation' => 'utf8mb4_unicode_ci', 'ssl' => 'require'];

// Shared by all pods, on NFS, whose file locks Moodle mustn't rely on.
$CFG->dataroot = '/var/moodledata';
$CFG->directorypermissions = 02770;
$CFG->preventfilelocking = true;
// A pod's own. Not `tempdir`, in which one request leaves what the next one, on another
// pod, goes on with.
$CFG->localcachedir = '/var/local/moodle/cache';
$CFG->localrequestdir = '/tmp/moodle';
$CFG->xsendfile = 'X-Sendfile';

$CFG->session_handler_class = '\core\session\redis';
$CFG->session_redis_host = moodle_setting('MOODLE_REDIS_SESSIONS');
$CFG->session_redis_port = 6379;
$CFG->session_redis_auth = moodle_secret('app/redis-password');
$CFG->session_redis_prefix = 'session_';
$CFG->session_redis_acquire_lock_timeout = 60;
$CFG->session_redis_lock_expire = 7200;

// The image is replaced whole: code that an administrator uploads would be in one pod
// only, until that ends.
$CFG->disableupdateautodeploy = true;
$CFG->pathtogs = '/usr/bin/gs';
$CFG->aspellpath = '/usr/bin/aspell';

// Runs of cron overlap; the quota has room for these, and one that finds both taken.
$CFG->task_scheduled_concurrency_limit = 2;
$CFG->task_adhoc_concurrency_limit = 2;

$CFG->lang = moodle_setting('MOODLE_LANGUAGE', 'en');
$CFG->timezone = moodle_setting('TZ', 'UTC');
$CFG->maxbytes = (int) moodle_setting('MOODLE_MAX_UPLOAD_BYTES');
$CFG->enableanalytics = (int) moodle_setting('MOODLE_ANALYTICS', '0');
$CFG->guestloginbutton = (int) moodle_setting('MOODLE_GUEST_LOGIN', '0');
$CFG->registerauth = moodle_setting('MOODLE_SELF_REGISTRATION', '0') === '1' ? 'email' : '';

if (moodle_setting('MOODLE_SMTP_HOST', '') === '') {
    $CFG->noemailever = true;
} else {
    $CFG->smtphosts = moodle_setting('MOODLE_SMTP_HOST') . ':' . moodle_setting('MOODLE_SMTP_PORT');
    $CFG->smtpsecure = moodle_setting('MOODLE_SMTP_SECURITY', '');
    $CFG->noreplyaddress = moodle_setting('MOODLE_SMTP_FROM');
    $CFG->smtpuser = moodle_setting('MOODLE_SMTP_USER', '');
    $CFG->smtppass = $CFG->smtpuser === '' ? '' : moodle_secret('smtp/smtp-password');
}

// Since 5.1 the code is one folder down.
require_once(is_file(__DIR__ . '/public/lib/setup.php') ? __DIR__ . '/public/lib/setup.php' : __DIR__ . '/lib/setup.php');
