"""Every kind of process, one way of each.

family     long-lived members, forked from one parent and watched
presses    fill and sign chunk after chunk; a pool, one pipe each
zygote     forks a confined child for each file to check (`examiner` asks it by `zygote_link` and `wire`)
one_shot   one task, one answer, one child
memory     what a process gives back and what it may take
"""
