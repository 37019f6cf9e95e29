# A program of many files: with an argument it names them.
import sys
import argparse, asyncio, concurrent.futures, csv, ctypes, decimal, difflib, email.mime.multipart, fractions, ftplib
import http.cookiejar, http.server, imaplib, json, logging.handlers, lzma, mailbox, multiprocessing.pool, optparse, plistlib
import pydoc, sched, secrets, shelve, smtplib, sqlite3, ssl, statistics, tarfile, timeit, unittest.mock, uuid, wave
import wsgiref.simple_server, xml.dom.minidom, xml.etree.ElementTree, xml.sax, xmlrpc.client, zipfile

if sys.argv[1:]:
    modules = list(sys.modules.values())
    paths = {getattr(module, name, None) for module in modules for name in ("__file__", "__cached__")}
    print(*(path for path in paths if path and path.startswith("/usr/")), sep="\n")
