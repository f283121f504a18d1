"""What a form's file says about itself: XMP, /Info, output intent [ISO 19005-3 §6.2.3, §6.6; ISO 14289-1 §5].

Nothing here is specific to a certificate, so all files of a design share these bytes: the dates are the
design's first day; when a certificate was signed is for its signatures to say.
"""

import html
import zlib
from functools import cache
from importlib.resources import files

from certsvc.pdf import stream, text_string
from certsvc.templates.designs import Design

PRODUCER = "certsvc"
LANGUAGE = "vi"

_UA_SCHEMA = """<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates, which part of ISO 14289 standard is followed</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>"""


def xmp(design: Design, *, title: str) -> bytes:
    """The metadata stream: PDF/A-3a and PDF/UA-1, with the extension schema that PDF/A requires for PDF/UA.

    Uncompressed, so that any program finds it [ISO 32000-2 §14.3.2].
    """
    date = f"{design.valid_from:%Y-%m-%d}T00:00:00+07:00"
    packet = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{html.escape(title)}</rdf:li></rdf:Alt></dc:title>
<dc:language><rdf:Bag><rdf:li>{LANGUAGE}</rdf:li></rdf:Bag></dc:language>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/">
<xmp:CreateDate>{date}</xmp:CreateDate>
<xmp:ModifyDate>{date}</xmp:ModifyDate>
<pdf:Producer>{PRODUCER}</pdf:Producer>
</rdf:Description>
{_UA_SCHEMA}
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
    return stream(b"/Type /Metadata /Subtype /XML", packet.encode())


def info(design: Design, *, title: str) -> bytes:
    """The document information dictionary [ISO 32000-2 §14.3.3], in agreement with the XMP."""
    date, producer = pdf_date(design), PRODUCER.encode("ascii")
    entries = b"/Title %b /Producer (%b)" % (text_string(title), producer)
    return b"<< %b /CreationDate %b /ModDate %b >>" % (entries, date, date)


def pdf_date(design: Design) -> bytes:
    """The start of the design's first day, in Vietnam [ISO 32000-2 §7.9.4]."""
    return f"(D:{design.valid_from:%Y%m%d}000000+07'00')".encode("ascii")


def output_intent(profile: int) -> bytes:
    """The output intent sRGB; `profile` is the object number of its profile [ISO 19005-3 §6.2.3]."""
    name = b"(sRGB IEC61966-2.1)"
    condition = b"/OutputConditionIdentifier %b /Info %b" % (name, name)
    return b"<< /Type /OutputIntent /S /GTS_PDFA1 %b /DestOutputProfile %d 0 R >>" % (condition, profile)


@cache
def srgb_profile() -> bytes:
    """The ICC profile of sRGB as a stream object, from WeasyPrint's package."""
    profile = files("weasyprint").joinpath("pdf", "sRGB2014.icc").read_bytes()
    return stream(b"/N 3 /Filter /FlateDecode", zlib.compress(profile, 9))
