#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Real work in a Debian root, on the root share: packages, a compiler, git, databases.
load ../bats/lib
LIMIT=500

# The root is an ext4 of this host, made with the packages of tests/roots/work-packages.
setup_file() {
	modprobe loop
	mkdir "$BATS_FILE_TMPDIR/root"
	mount -o loop "$ROOTS/work.img" "$BATS_FILE_TMPDIR/root"
	cat >"$BATS_FILE_TMPDIR/root/root/writer.py" <<'END'
import sqlite3, sys
mode, who = sys.argv[1:3]
db = sqlite3.connect(mode + ".db", timeout=100, isolation_level=None)
for i in range(50):
    db.execute("begin immediate")
    last = db.execute("select coalesce(max(n), 0) from t").fetchone()[0]
    db.execute("insert into t values (?, ?)", (last + 1, who))
    db.execute("commit")
END
	cat >"$BATS_FILE_TMPDIR/root/root/postgres" <<'END'
data=/var/lib/postgresql/15/main
bin=/usr/lib/postgresql/15/bin
mkdir -p /run/postgresql
chown postgres:postgres /run/postgresql
as() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
start() { as $bin/pg_ctl -D $data -o "-c config_file=/etc/postgresql/15/main/postgresql.conf" -l /var/log/postgresql/log -w -t 200 start >/dev/null; }
query() { as psql -qAt -d postgres -c "$1"; }
END
}
teardown_file() { umount "$BATS_FILE_TMPDIR/root"; }

# A bundle that runs a bash script, which comes by standard input, in the root.
make_work() { # NAME [STATEMENTS]
	root=$BATS_FILE_TMPDIR/root
	cat >"$BATS_TEST_TMPDIR/script"
	make_bundle "$1" '
c["linux"]["resources"] = {"memory": {"limit": 512 << 20}}
p["env"] += ["HOME=/root", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"]
p["args"] = ["/bin/bash", "-euc", open("'"$BATS_TEST_TMPDIR"'/script").read()]
'"${2:-}"
}
# The same, and runs it. Sets status, output, errors.
work() { # NAME
	make_work "$1"
	x run --bundle "$bundle" "$id"
	[ "$status" = 0 ] || complain "status $status"
}

@test "apt-get installs from a repository of files, and removes" {
	work apt <<'END'
cd /srv/repository
for deb in *.deb; do
	dpkg-deb -f "$deb"
	echo "Filename: ./$deb"
	echo "Size: $(stat -c %s "$deb")"
	echo "SHA256: $(sha256sum "$deb" | cut -d ' ' -f 1)"
	echo
done >Packages
rm -f /etc/apt/sources.list.d/*
echo "deb [trusted=yes] file:/srv/repository ./" >/etc/apt/sources.list
apt-get -q update
apt-get -q -y install hello nano ed
echo "== results"
hello
printf '%s\n' a 'a line' . 'w /root/by-ed' q | ed -s
cat /root/by-ed
dpkg --verify hello nano ed libncursesw6 && echo verified
dpkg-query -W -f '${db:Status-Status}\n' hello nano ed | sort | uniq -c
apt-get -q -y purge hello >/dev/null
[ ! -e /usr/bin/hello ] && echo removed
apt-get check >/dev/null && echo consistent
END
	says "$output" $'== results\nHello, world!\na line\nverified\n *3 installed\nremoved\nconsistent$'
}

@test "gcc builds a program of 10,000 lines" {
	work gcc <<'END'
mkdir -p /root/program
cd /root/program
for part in 0 1 2 3 4; do
	awk -v part=$part 'BEGIN {
		for (i = part * 250; i < part * 250 + 250; i++)
			printf "int f%d(int x)\n{\n\tint y = x;\n\n\ty += %d;\n\ty ^= 0;\n\treturn y;\n}\n", i, i
	}' >part$part.c
done
awk 'BEGIN {
	print "#include <stdio.h>"
	for (i = 0; i < 1250; i++) printf "int f%d(int x);\n", i
	print "int main(void)\n{\n\tint x = 0;\n"
	for (i = 0; i < 1250; i++) printf "\tx = f%d(x);\n", i
	print "\tprintf(\"%d\\n\", x);\n\treturn 0;\n}"
}' >main.c
cat *.c | wc -l
for file in *.c; do gcc -O1 -g -c "$file"; done
gcc *.o -o program
./program
END
	says "$output" $'^12[0-9]{3}\n780625$'
}

@test "git clones a repository, checks and packs it" {
	work git <<'END'
cd /root
git config --global user.name tester
git config --global user.email tester@localhost
git init -q -b main origin
cd origin
for round in 1 2 3 4 5; do
	for i in {1..40}; do
		mkdir -p "folder$((i % 7))"
		seq "$round" $((i * 20)) >"folder$((i % 7))/file$i"
	done
	git add -A
	git commit -q -m "round $round"
done
cd ..
git clone -q --no-local origin copy
cd copy
git fsck --full --strict 2>&1
git log --oneline | wc -l
git status --porcelain
git ls-files | wc -l
diff -r --exclude .git . ../origin && echo same
git gc -q
git fsck --full 2>&1
git mv folder1 renamed
git commit -q -m renamed
git push -q origin HEAD:refs/heads/other
git -C ../origin fsck --full 2>&1
git -C ../origin diff --shortstat main other
END
	says "$output" $'^5\n40\nsame\n 6 files changed, 0 insertions\(\+\), 0 deletions\(-\)$'
}

@test "SQLite with two writers, by a journal and by a log" {
	work sqlite <<'END'
cd /root
for mode in delete wal; do
	sqlite3 $mode.db "pragma journal_mode = $mode; create table t (n integer primary key, who text)"
	python3 writer.py $mode a &
	a=$!
	python3 writer.py $mode b &
	b=$!
	wait $a
	wait $b
	sqlite3 $mode.db "select count(*), max(n) from t; select who, count(*) from t group by who; pragma integrity_check"
done
END
	equal "$output" $'delete\n100|100\na|50\nb|50\nok\nwal\n100|100\na|50\nb|50\nok'
}

@test "SQLite with two writers, in two containers with a volume of both" {
	local one writers=()
	mkdir "$BATS_TEST_TMPDIR/volume"
	cd "$BATS_TEST_TMPDIR/volume"
	python3 -c 'import sqlite3; sqlite3.connect("delete.db").execute("create table t (n integer primary key, who text)")'
	for one in a b; do
		make_work $one 'c["mounts"].append({"destination": "/volume", "type": "bind", "source": "'"$PWD"'", "options": ["bind", "rw"]})' <<-END
			cd /volume
			python3 /root/writer.py delete $one
		END
		timeout "$LIMIT" xenrun --root "$STATES" run --bundle "$bundle" "$id" >"$BATS_TEST_TMPDIR/$one.out" 2>&1 3>&- &
		writers+=($!)
	done
	for one in "${writers[@]}"; do wait "$one" || { cat "$BATS_TEST_TMPDIR"/?.out; false; }; done
	equal "$(cat "$BATS_TEST_TMPDIR"/?.out)" ""
	equal "$(python3 -c 'import sqlite3
db = sqlite3.connect("delete.db")
for what in "select count(*), max(n) from t", "select who, count(*) from t group by who", "pragma integrity_check":
    print(*db.execute(what))')" $'(100, 100)\n(\'a\', 50) (\'b\', 50)\n(\'ok\',)'
}

@test "PostgreSQL starts, loads, is killed, recovers" {
	work postgres <<'END'
. /root/postgres
start
query "create table t (n integer primary key, text text)"
query "insert into t select n, md5(n::text) from generate_series(1, 20000) n"
query "create index on t (text)"
query "begin; insert into t values (100000, 'never'); select pg_sleep(1000)" &
until [ "$(query "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")" = 1 ]; do sleep 0.2; done
query "update t set text = 'changed' where n <= 100"
kill -9 $(cat $data/postmaster.pid | head -n 1)
wait || true
# Until its children have seen that it is gone.
for try in {1..20}; do ! start || break; sleep 1; done
grep -c 'not properly shut down; automatic recovery in progress' /var/log/postgresql/log
query "select count(*), count(distinct text), max(n) from t"
query "select count(*) from t where text = 'changed'"
query "set enable_seqscan = off; select n from t where text = md5('12345')"
as $bin/pg_ctl -D $data -w stop >/dev/null
as $bin/pg_controldata $data | grep -c 'state: *shut down$'
END
	equal "$output" $'1\n20000|19901|20000\n100\n12345\n1'
}

@test "PostgreSQL has what was committed when its zone is destroyed" {
	make_work destroyed <<'END'
. /root/postgres
start
query "create table kept (n integer primary key, text text)"
for i in {1..20}; do query "insert into kept select n, md5(n::text) from generate_series($i * 1000, $i * 1000 + 499) n"; done
query "begin; insert into kept values (100000, 'never'); select pg_sleep(1000)" &
until [ "$(query "select count(*) from pg_stat_activity where wait_event = 'PgSleep'")" = 1 ]; do sleep 0.2; done
query "update kept set text = 'changed' where n < 1100"
# Who hears this relies on it.
echo committed
sleep 1000
END
	ok run --detach --bundle "$bundle" "$id"
	within 300 grep -qx committed "$bundle.out"
	xl destroy "$id"
	within 60 status_is "$id" stopped
	ok delete "$id"
	work recovered <<'END'
. /root/postgres
: >/var/log/postgresql/log
start
grep -c 'automatic recovery in progress' /var/log/postgresql/log
query "select count(*), count(distinct text), max(n) from kept"
query "set enable_seqscan = off; select text = md5(n::text) from kept where n = 20499"
as $bin/pg_ctl -D $data -w stop >/dev/null
END
	equal "$output" $'1\n10000|9901|20499\nt'
}
