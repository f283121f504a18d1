"""What is put on a certificate: its design, and besides the form the record for programs."""

from collections.abc import Mapping

from certsvc.issuing.press.orders import Order
from certsvc.records import Case
from certsvc.records.exchange.ct07 import Ct07Facts, ct07_xml
from certsvc.states import Kind
from certsvc.templates.designs import Design, find_design, no_design
from certsvc.templates.printed import printed_json


def design_of(order: Order) -> Design:
    """Raises NotFound `no_design`."""
    design = find_design(order.design_id)
    if design is None:
        raise no_design(f"tên {order.design_id}", f"named {order.design_id}")
    return design


def record_of(order: Order, design: Design, case: Case, values: Mapping[str, str]) -> bytes:
    """What a program reads from the certificate: the CT07 document of a sick leave, or what a recovery paper
    prints.
    """
    match order.kind:
        case Kind.SICK_LEAVE:
            facts = order.facts
            day = facts.printed_on if facts.is_reissue else case.dated_on or facts.event_on
            names = Ct07Facts(
                serial=facts.serial,
                document_on=day,
                head_name=facts.head_name,
                practitioner_name=facts.practitioner_name,
            )
            return ct07_xml(case, names, made_on=facts.printed_on)
        case Kind.RECOVERY:
            return printed_json(design, values)
