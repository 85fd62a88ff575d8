#!/usr/bin/env python3
"""Makes the small office files the tests read. Python's zipfile only; run it again to change them."""
import zipfile, sys, os
out=sys.argv[1]
def z(name, parts):
    with zipfile.ZipFile(os.path.join(out,name),'w',zipfile.ZIP_DEFLATED) as f:
        for n,t in parts: f.writestr(zipfile.ZipInfo(n,(2020,1,1,0,0,0)), t, zipfile.ZIP_DEFLATED)
W='xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
H='<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
def tcvn(s):
    # letters of the ABC fonts as Word keeps them: windows-1252 of the TCVN3 bytes
    t={'ế':'Õ','ị':'Þ','đ':'®','á':'¸','ố':'è','ô':'«','ă':'¨','ạ':'¹','ì':'×','ậ':'Ë','ụ':'ô','ó':'ã','à':'µ','ữ':'÷','ệ':'Ö','ầ':'Ç','ư':'\u00ad'}
    return ''.join(t.get(c,c) for c in s)
z('to-trinh.docx',[
 ('[Content_Types].xml',H+'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'),
 ('word/styles.xml',H+f'<w:styles {W}><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman"/></w:rPr></w:rPrDefault></w:docDefaults>'
  f'<w:style w:styleId="Normal"><w:name w:val="Normal"/></w:style><w:style w:styleId="Cu"><w:rPr><w:rFonts w:ascii=".VnTime"/></w:rPr></w:style>'
  f'<w:style w:styleId="CuHon"><w:basedOn w:val="Cu"/></w:style></w:styles>'),
 ('word/document.xml',H+f'<w:document {W}><w:body>'
  f'<w:p><w:r><w:rPr><w:rFonts w:ascii=".VnTimeH" w:hAnsi=".VnTimeH"/></w:rPr><w:t xml:space="preserve">{tcvn("quyế")}</w:t></w:r>'
  f'<w:r><w:rPr><w:rFonts w:ascii=".VnTimeH"/></w:rPr><w:t>{tcvn("t định")}</w:t></w:r></w:p>'
  f'<w:p><w:pPr><w:pStyle w:val="CuHon"/></w:pPr><w:r><w:t>{tcvn("tình hình ngập lụt")}</w:t></w:r></w:p>'
  '<w:p><w:r><w:t>Kế hoạch phòng chống bão &amp; lũ</w:t><w:tab/><w:t>số 77/KH-UBND</w:t></w:r></w:p>'
  '<w:p><w:r><w:delText>đã xóa</w:delText></w:r></w:p>'
  '<w:tbl><w:tr><w:tc><w:p><w:r><w:t>Xã Vàm Xanh</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>'),
 ('word/header1.xml',H+f'<w:hdr {W}><w:p><w:r><w:t>ỦY BAN NHÂN DÂN</w:t></w:r></w:p></w:hdr>'),
])
S='xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
z('so-lieu.xlsx',[
 ('xl/workbook.xml',H+f'<workbook {S}><sheets><sheet name="Đê biển Tây" sheetId="1"/></sheets></workbook>'),
 ('xl/styles.xml',H+f'<styleSheet {S}><fonts><font><name val="Calibri"/></font><font><name val=".VnArial"/></font></fonts><cellXfs><xf fontId="0"/><xf fontId="1"/></cellXfs></styleSheet>'),
 ('xl/sharedStrings.xml',H+f'<sst {S}><si><t>Hạng mục</t></si><si><t>{tcvn("vốn đầu tư công")}</t></si>'
  f'<si><r><rPr><rFont val=".VnTime"/></rPr><t>{tcvn("ngập lụt")}</t></r><r><t xml:space="preserve"> năm nay</t></r></si></sst>'),
 ('xl/worksheets/sheet1.xml',H+f'<worksheet {S}><sheetData><row><c t="s"><v>0</v></c><c s="1" t="s"><v>1</v></c></row>'
  '<row><c t="s"><v>2</v></c><c><v>2045.5</v></c><c t="inlineStr"><is><t>ghi trong ô</t></is></c></row></sheetData></worksheet>'),
])
O='xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
z('bien-ban.odt',[
 ('mimetype','application/vnd.oasis.opendocument.text'),
 ('content.xml',H+f'<office:document-content {O}><office:automatic-styles><style:style style:name="T1"><style:text-properties style:font-name=".VnTime"/></style:style>'
  f'<style:style style:name="T2" style:parent-style-name="T1"/></office:automatic-styles><office:body><office:text>'
  f'<text:h>Biên bản cuộc họp</text:h><text:p>Phần<text:s text:c="2"/>cũ: <text:span text:style-name="T2">{tcvn("tình hình ngập lụt")}</text:span></text:p>'
  '</office:text></office:body></office:document-content>'),
 ('styles.xml',H+f'<office:document-styles {O}><style:header><text:p>Sở Nội vụ</text:p></style:header></office:document-styles>'),
])
z('bang-ke.ods',[
 ('content.xml',H+f'<office:document-content {O}><office:body><office:spreadsheet><table:table table:name="Trang"><table:table-row><table:table-cell><text:p>Cát Hải</text:p></table:table-cell>'
  '<table:table-cell><text:p>1.250.000 đồng</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>'),
])
